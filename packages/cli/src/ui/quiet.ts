import { failureBlocks } from './failure-block.ts';
import { emptyModel, reduce } from './model.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';

/** Data only: `id<TAB>digest` of each image on standard output. Failures still go to standard error. */
export function openQuiet(start: RunStart, { stdout, stderr }: Screen): Renderer {
  let model = emptyModel(start.ids, start.startedAt);
  return {
    report(event) {
      model = reduce(model, event);
      if (event.kind === 'task-completed') stdout.write(`${event.task}\t${event.digest ?? ''}\n`);
    },
    finish() {
      for (const block of failureBlocks(model, start, stderr)) stderr.write(`${block}\n`);
    },
  };
}
