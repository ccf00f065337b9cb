import { advance } from './advance.ts';
import { imageFacts, imageLine } from './image-line.ts';
import { emptyModel } from './model.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { symbolsFor } from './symbols.ts';
import { rowsText, tallyRows, upToDateLine } from './tally-rows.ts';
import { writerTo } from './terminal.ts';

/** A run in which nothing was to be done, word for word as `plain` tells it: without its modules, it is told at once. */
export function openUpToDate(start: RunStart, { stderr, env }: Screen): Renderer {
  let model = emptyModel(start);
  const symbols = symbolsFor(env);
  const print = writerTo(stderr, env);
  return {
    report(event) {
      model = advance(model, event);
    },
    finish(end) {
      const [image] = model.images.values();
      const line =
        model.images.size === 1
          ? imageLine(imageFacts(model, image!, start), symbols)
          : upToDateLine(model, symbols.cached);
      print(`${line}\n${rowsText(tallyRows(model, start, { ...end, stream: stderr }), stderr)}`);
    },
    [Symbol.dispose]() {},
  };
}
