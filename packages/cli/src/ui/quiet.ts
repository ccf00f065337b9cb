import { failureBlocks } from './failure-block.ts';
import { emptyModel, reduce } from './model.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { writerTo } from './terminal.ts';

/** Data only: `id<TAB>digest` of each image on standard output. Failures still go to standard error. */
export function openQuiet(start: RunStart, { stdout, stderr, env }: Screen): Renderer {
  let model = emptyModel(start.ids, start.startedAt);
  const print = writerTo(stderr, env);
  return {
    report(event) {
      model = reduce(model, event);
      if (event.kind === 'task-completed') stdout.write(`${event.task}\t${event.digest ?? ''}\n`);
    },
    finish() {
      for (const block of failureBlocks(model, start, { stderr, env })) print(`${block}\n`);
    },
    [Symbol.dispose]() {},
  };
}
