// How a build in a watch is shown: a line for each image that is made anew, with its cause, and failures; nothing of what
// stays as it was.

import { styleText } from 'node:util';
import { widthOf } from './columns.ts';
import { failureBlocks } from './failure-block.ts';
import { bytes, count, duration, shortDigest } from './format.ts';
import { causeText } from './image-line.ts';
import { emptyModel, isWork } from './model.ts';
import { reduce } from './reduce.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { symbolsFor } from './symbols.ts';
import { roomOf, writerTo } from './terminal.ts';
import { Warnings } from './warnings.ts';

export interface WatchedStart extends RunStart {
  /** Why an image is built again, where one file or step is why. */
  readonly causes: ReadonlyMap<string, string>;
  /** The digest that an image had before; kept from build to build. */
  readonly digests: Map<string, string>;
}

export function openWatched(start: WatchedStart, { stderr, env }: Screen): Renderer {
  let model = emptyModel(start);
  const symbols = symbolsFor(env);
  const warnings = new Warnings();
  const print = writerTo(stderr, env);
  const dim = (text: string) => styleText('dim', text, { stream: stderr });
  /** Lines of images that were in the cache when they were first asked for. */
  const found: string[] = [];
  let kept = 0;
  let hasTold = false;
  return {
    report(event) {
      model = reduce(model, event);
      if (event.kind === 'warning') warnings.add(event.diagnostic);
      if (event.kind !== 'task-completed') return;
      const image = model.images.get(event.task)!;
      const known = start.digests.get(event.task);
      const digest = event.digest ?? '';
      start.digests.set(event.task, digest);
      const asked = start.causes.get(event.task);
      const ran = image.steps.filter((vertex) => isWork(model.steps.get(vertex))).length;
      const same = known === digest && digest !== '';
      // Everything was there already, and nobody asked.
      if (same && ran === 0 && asked === undefined) return void (kept += 1);
      // What really differs, as a build tells it; what was changed where nothing was built before.
      const [cause = asked] = causeText(ran > 0 ? start.facts?.cause?.(event.task) : undefined);
      const what = cause?.split(' → ')[0];
      const rest = [
        ran > 0 ? `${ran} ${ran === 1 ? 'step' : 'steps'}` : 'cached',
        event.size === undefined ? undefined : bytes(event.size),
        digest === '' ? undefined : same ? 'digest kept' : shortDigest(digest),
        duration(event.at - start.startedAt),
      ];
      const symbol = same ? symbols.unchanged : ran > 0 ? symbols.built : symbols.cached;
      const [steps, size, , took] = rest;
      // One row of a terminal, as far as leaving out helps.
      const ways = [
        [cause, ...rest],
        [what, ...rest],
        [what, steps, size, took],
        [what, took],
      ].map((facts) => facts.filter((fact) => fact !== undefined).join('  '));
      const room = roomOf(stderr, env) - 1 - widthOf(`${symbol} ${event.task}  `);
      const told = ways.find((text) => widthOf(text) <= room) ?? ways.at(-1)!;
      const line = `${symbol} ${event.task}  ${dim(told)}\n`;
      if (ran === 0 && known === undefined && asked === undefined) return void found.push(line);
      hasTold = true;
      print(line);
    },
    finish() {
      const upToDate = found.length + (hasTold ? 0 : kept);
      if (found.length === upToDate && (upToDate === 1 || start.verbose)) for (const line of found) print(line);
      else if (upToDate > 0) print(`${symbols.cached} ${count(upToDate, 'image')} up to date\n`);
      for (const line of warnings.lines(stderr)) print(`${line}\n`);
      for (const block of failureBlocks(model, start, { stderr, env })) print(`\n${block}`);
    },
    [Symbol.dispose]() {},
  };
}
