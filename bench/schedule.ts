// What it costs to decide who runs next, and what that is worth: `node bench/schedule.ts [--steps N]`. First the
// scheduler by itself: N steps (2,000) in a graph with paths, as a build asks, all ready at once. Then a build of ten
// short images and a long one that stands last, two steps at a time: as they come, because nothing is known of them, and
// again with what the first build has shown. The ratio is of two builds of one run.

import { parseArgs } from 'node:util';
import { remainingPaths } from '../packages/engine/src/scheduler/remaining.ts';
import { Scheduler, type Needs } from '../packages/engine/src/scheduler/scheduler.ts';
import { busyboxLayout } from '../test/rig/bases.ts';
import { Rig } from '../test/rig/rig.ts';

const { values } = parseArgs({ options: { steps: { type: 'string', default: '2000' } } });
const steps = Number(values.steps);
/** Each measurement is the least of so many. */
const times = 15;

interface Node {
  readonly inputs: readonly { readonly vertex: Node }[];
  readonly takes: number;
}

await overhead();
await makespan();

async function overhead(): Promise<void> {
  const nodes: Node[] = [];
  for (let i = 0; i < steps; i++) {
    // Each reads two that came before; 7,919 and 2,003 are primes.
    const inputs = i < 2 ? [] : [nodes[((i * 7919) % 2003) % i]!, nodes[i - 1 - (i % 2)]!];
    nodes.push({ inputs: inputs.map((vertex) => ({ vertex })), takes: (i * 7919) % 1000 });
  }
  const budget: Needs = { cpu: 4000, memory: 2 ** 33 };
  const rows: Record<string, { 'all, ms': string; 'each, µs': string }> = {};
  const row = (name: string, ms: number) =>
    (rows[name] = { 'all, ms': ms.toFixed(2), 'each, µs': ((ms * 1000) / steps).toFixed(2) });
  let paths: ReadonlyMap<Node, number> = new Map();
  row('paths', await least(async () => void (paths = remainingPaths(nodes, ({ takes }) => takes))));
  row('admission, 8 at a time', await least(() => admitted({ concurrency: 8 })));
  row('admission of processes', await least(() => admitted({ needs: { cpu: 500, memory: 2 ** 28 } })));
  row('no bound', await least(() => admitted({})));
  console.log(`${steps} steps that are ready at once: the goal is 3 ms for 2,000`);
  console.table(rows);

  async function admitted({ concurrency, needs }: { concurrency?: number; needs?: Needs }): Promise<void> {
    const waiting: (() => void)[] = [];
    const scheduler = new Scheduler({
      budget: () => budget,
      ...(concurrency !== undefined && { concurrency }),
      // What the loop does between its turns is not the scheduler's.
      soon: (turn) => waiting.push(turn),
    });
    const done = Promise.all(
      nodes.map(async (node) => {
        const place = await scheduler.admit({ path: paths.get(node)!, ...(needs && { needs }) });
        place[Symbol.dispose]();
      }),
    );
    for (let turn = waiting.shift(); turn; turn = waiting.shift()) {
      turn();
      // All that entered leaves.
      await Promise.resolve();
      await Promise.resolve();
    }
    await done;
  }
}

async function least(work: () => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) {
    const begin = performance.now();
    await work();
    best = Math.min(best, performance.now() - begin);
  }
  return best;
}

async function makespan(): Promise<void> {
  const images = [...Array.from({ length: 10 }, (_, i) => [`short${i}`, 0.5] as const), ['long', 5] as const];
  // Brings the base image, and says nothing about the others.
  const warm = `warm: { dockerfileInline: 'FROM busybox\\nRUN true' }`;
  const config = images.map(
    ([id, seconds]) => `${id}: { dockerfileInline: 'FROM busybox\\nRUN sleep ${seconds} # ${id}' }`,
  );
  await using rig = await Rig.open({
    'buildkit.config.mjs': `export default {
      defaults: { contexts: { busybox: 'oci-layout://${busyboxLayout()}' } },
      images: { ${[...config, warm].join(', ')} },
    };`,
  });
  await rig.ok(['build', 'warm']);
  const build = async () => {
    const begin = performance.now();
    await rig.ok(['build', ...images.map(([id]) => id), '--no-cache', '--concurrency', '2']);
    return (performance.now() - begin) / 1000;
  };
  const [unknown, learnt] = [await build(), await build()];
  console.log('ten steps of 0.5 s and one of 5 s that comes last, two at a time: 5 s at best');
  console.table({
    'first come, first served': { s: unknown.toFixed(2) },
    'longest path first, learnt': { s: learnt.toFixed(2) },
    ratio: { s: (unknown / learnt).toFixed(2) },
  });
}
