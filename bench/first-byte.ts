// How long a terminal stays empty after a command was typed: `npm run bench -- first-byte [--runs 9]`. Milliseconds from
// the start of the bin to the first thing that it writes; the goal is 100.

import { parseArgs } from 'node:util';
import { Rig } from '../test/rig/rig.ts';
import { atTerminal } from '../test/rig/terminal.ts';
import { writeImages } from './noop/workspaces.ts';
import { machine } from './report.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '9' } } });
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) throw new RangeError(`--runs needs a number, got ${values.runs}`);

const images = 100;
/** In milliseconds. */
const goal = 100;
const size = { rows: 24, cols: 80 };

const steps: readonly (readonly [what: string, args: readonly string[]])[] = [
  ['help', ['--help']],
  [`build all, ${images} images, new cache`, ['build', 'all']],
  ['build all again', ['build', 'all']],
  ['plan all', ['plan', 'all']],
  ['watch all', ['watch', 'all']],
];

const times = steps.map((): number[] => []);
for (let run = 0; run < runs; run++) {
  await using rig = await Rig.open();
  writeImages(rig.dir, images);
  for (const [i, [what, args]] of steps.entries()) {
    if (what === 'build all again') await rig.ok(args); // the files have come to rest by now, so its answer is kept
    const began = performance.now();
    using terminal = atTerminal(rig, args, size);
    await terminal.read(/[^]/);
    times[i]!.push(performance.now() - began);
    if (args[0] === 'watch') terminal[Symbol.dispose]();
    await terminal.done;
  }
}
console.table(
  steps.map(([what], i) => {
    const sorted = times[i]!.sort((a, b) => a - b);
    const median = Math.round(sorted[Math.floor(runs / 2)]!);
    return {
      what,
      min: Math.round(sorted[0]!),
      median,
      max: Math.round(sorted.at(-1)!),
      [`goal ≤ ${goal}`]: median <= goal ? 'met' : 'MISSED',
    };
  }),
);
const { cores, load, node } = machine();
console.log(`Milliseconds of ${runs} runs. ${cores} cores, load ${load[0]!.toFixed(1)}, ${node}`);
