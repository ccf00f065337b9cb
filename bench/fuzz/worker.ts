// Runs inputs one after the other, and writes each down before it runs: whoever started this can tell what it hung on.

import { parentPort, workerData } from 'node:worker_threads';
import { Coverage } from './coverage.ts';
import { Dice, mutate } from './mutate.ts';
import { subjects, type SubjectName } from './subjects.ts';

export interface FuzzRequest {
  readonly subject: SubjectName;
  readonly seed: number;
  readonly seconds: number;
  /** How many inputs ran, and the length of the one that runs. */
  readonly counter: SharedArrayBuffer;
  readonly input: SharedArrayBuffer;
}

export type FuzzReport =
  | { readonly kind: 'found'; readonly input: Uint8Array; readonly why: string }
  | { readonly kind: 'done'; readonly runs: number; readonly kept: number };

const { subject, seed, seconds, counter, input: shared } = workerData as FuzzRequest;
const { seeds, words, run } = subjects[subject];
const [count, current] = [new Int32Array(counter), new Uint8Array(shared)];
const dice = new Dice(seed);
const corpus = [...seeds()];
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a worker has no origin
const report = (message: FuzzReport) => parentPort!.postMessage(message);
const told = new Set<string>();

using coverage = new Coverage('/packages/engine/src/');
for (const each of corpus) await attempt(each);
const known = new Set(coverage.ran());
const end = Date.now() + seconds * 1000;
while (Date.now() < end) {
  const batch: Uint8Array[] = [];
  while (batch.length < 50 && Date.now() < end) {
    batch.push(mutate(dice.pick(corpus), { dice, words, other: dice.pick(corpus) }));
    await attempt(batch.at(-1)!);
  }
  if (!coverage.ran().isSubsetOf(known)) await keepWhatIsNew(batch);
}
report({ kind: 'done', runs: count[0]!, kept: corpus.length });

/** Some input of a batch reached new code. Which one did is seen only when each runs by itself. */
async function keepWhatIsNew(batch: readonly Uint8Array[]): Promise<void> {
  for (const input of batch) {
    await attempt(input);
    const ran = coverage.ran();
    if (ran.isSubsetOf(known)) continue;
    corpus.push(input);
    for (const block of ran) known.add(block);
  }
}

async function attempt(input: Uint8Array): Promise<void> {
  current.set(input);
  Atomics.store(count, 1, input.length);
  Atomics.add(count, 0, 1);
  try {
    const took = await timed(input);
    // A slow one is slow each time; a busy machine isn't.
    if (took > limit(input) && Math.min(await timed(input), await timed(input)) > limit(input)) {
      tell(input, `slow: ${took.toFixed(0)} ms for ${input.length} bytes`);
    }
  } catch (error) {
    tell(input, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

async function timed(input: Uint8Array): Promise<number> {
  const start = performance.now();
  await run(input);
  return performance.now() - start;
}

/** Milliseconds that so many bytes may take. */
function limit({ length }: Uint8Array): number {
  return 500 + length / 20;
}

function tell(input: Uint8Array, why: string): void {
  const kind = why.replaceAll(/\d+/g, 'N').split('\n').slice(0, 3).join('\n').slice(0, 300);
  if (told.has(kind)) return;
  told.add(kind);
  report({ kind: 'found', input, why });
}
