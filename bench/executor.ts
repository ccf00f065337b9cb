// How long one RUN step takes, from the call to the last thing cleaned up: `node bench/executor.ts [--runs N]`. Prints
// a table of milliseconds; the goal with runc is 60. The rows: a container as builds make it; the same without what
// the runtime does (`/bin/true` in its place), which is our own part; and containers side by side, per container.

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { ExecutorOptions } from '../packages/engine/src/executor/runc-executor.ts';
import { openContainerRig } from '../test/rig/container.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '30' } } });
const runs = Number(values.runs);
const program = ['/bin/true'];

const rows = [
  { what: 'a RUN step', ...(await measure({}, 1)) },
  { what: 'our own part of it', ...(await measure({ runtime: '/bin/true' }, 1)) },
  { what: `${availableParallelism()} side by side, each`, ...(await measure({}, availableParallelism())) },
];
console.table(rows);

async function measure(options: Partial<ExecutorOptions>, atOnce: number): Promise<Record<'median' | 'min', string>> {
  await using rig = await openContainerRig(options);
  await rig.output(program);
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const layers = Array.from({ length: atOnce }, () => rig.layer());
    const begin = performance.now();
    await Promise.all(layers.map(({ root }) => rig.output(program, { root, network: 'host' })));
    times.push((performance.now() - begin) / atOnce);
  }
  times.sort((a, b) => a - b);
  return { median: times[Math.floor(runs / 2)]!.toFixed(1), min: times[0]!.toFixed(1) };
}
