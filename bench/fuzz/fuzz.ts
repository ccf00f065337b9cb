/*
 * Runs inputs that nobody would write through what reads Dockerfiles, words, ignore files and archives.
 *
 *     npm run fuzz -- [dockerfile] [words] [ignore] [tar] [--seconds 60] [--seed 1]
 *
 * Inputs that reach new code are kept and changed further. An input that crashes, hangs or takes too long is written to a
 * file; put it into test/dockerfile/regressions/ under the subject's name once it is mended. Ends with 1 if there is one.
 */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { subjects, type SubjectName } from './subjects.ts';
import type { FuzzReport, FuzzRequest } from './worker.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: String(Date.now() % 1e6) } },
});
const names = Object.keys(subjects) as SubjectName[];
const wrong = positionals.filter((name) => !names.includes(name as SubjectName));
if (wrong.length > 0) {
  console.error(`there is no subject ${wrong.join(', ')}: there is ${names.join(', ')}`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
const hangsAfter = 20_000;
let found = 0;

for (const subject of positionals.length > 0 ? (positionals as SubjectName[]) : names) {
  await fuzz(subject, Number(values.seed), Number(values.seconds));
}
console.log(found === 0 ? 'nothing was found' : `${found} found; inputs are in ${folder}`);
process.exitCode = found === 0 ? 0 : 1;

/** A worker that hangs is ended, and the next one goes on with another seed. */
async function fuzz(subject: SubjectName, seed: number, seconds: number): Promise<void> {
  console.log(`${subject}: seed ${seed}, ${seconds} s`);
  const started = Date.now();
  const request: FuzzRequest = {
    subject,
    seed,
    seconds,
    counter: new SharedArrayBuffer(8),
    input: new SharedArrayBuffer(1 << 22),
  };
  const worker = new Worker(join(import.meta.dirname, 'worker.ts'), { workerData: request });
  const ended = new Promise<boolean>((resolve, reject) => {
    worker.on('message', (report: FuzzReport) => {
      if (report.kind === 'found') keep(subject, report.input, report.why);
      else console.log(`${subject}: ${report.runs} runs, ${report.kept} inputs that reach different code`);
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve(false));
  });
  const hung = watch(request);
  if (await Promise.race([ended, hung.done])) {
    const [, length = 0] = new Int32Array(request.counter);
    keep(subject, new Uint8Array(request.input).slice(0, length), `hangs: more than ${hangsAfter / 1000} s`);
    await worker.terminate();
    const left = seconds - (Date.now() - started) / 1000;
    if (left > 1) await fuzz(subject, seed + 1, Math.floor(left));
  }
  hung.stop();
}

/** Resolves once the same input has run for too long. */
function watch({ counter }: FuzzRequest): { readonly done: Promise<true>; readonly stop: () => void } {
  const count = new Int32Array(counter);
  let [last, since] = [-1, Date.now()];
  let timer: NodeJS.Timeout;
  const done = new Promise<true>((resolve) => {
    timer = setInterval(() => {
      const now = Atomics.load(count, 0);
      if (now !== last) [last, since] = [now, Date.now()];
      else if (Date.now() - since > hangsAfter) resolve(true);
    }, 500);
  });
  return { done, stop: () => clearInterval(timer) };
}

function keep(subject: SubjectName, input: Uint8Array, why: string): void {
  found++;
  const file = join(folder, `${subject}-${found}`);
  writeFileSync(file, input);
  console.log(`\n${subject}: ${why.split('\n').slice(0, 6).join('\n')}\n  ${file}\n`);
}
