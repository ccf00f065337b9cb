import { failureBlocks } from './failure-block.ts';
import { emptyModel } from './model.ts';
import { reduce } from './reduce.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { writerTo } from './terminal.ts';

/**
 * Data only: `id<TAB>name@digest` of each image on standard output, as other tools take it; the digest alone of an image
 * without a name. Failures still go to standard error.
 */
export function openQuiet(start: RunStart, { stdout, stderr, env }: Screen): Renderer {
  let model = emptyModel(start);
  const print = writerTo(stderr, env);
  return {
    report(event) {
      model = reduce(model, event);
      if (event.kind !== 'task-completed') return;
      const name = start.names?.get(event.task);
      const digest = event.digest ?? '';
      stdout.write(`${event.task}\t${name === undefined || digest === '' ? digest : `${name}@${digest}`}\n`);
    },
    finish() {
      for (const block of failureBlocks(model, start, { stderr, env })) print(`${block}\n`);
    },
    [Symbol.dispose]() {},
  };
}
