// What is built of every conformance case is what BuildKit built of it: with an empty cache, and with what that left.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Rig, bin } from './rig/rig.ts';

interface Result {
  readonly name: string;
  readonly passed: boolean;
  readonly failures?: readonly string[];
  /** The end of what was told. */
  readonly output?: string;
}

const suite = join(import.meta.dirname, 'conformance');
/** Cases that cannot pass yet, and why. One that passes has no place here. */
const notYet = JSON.parse(readFileSync(join(suite, 'not-yet.json'), 'utf8')) as Readonly<Record<string, string>>;

let rig: Rig;
before(async () => {
  rig = await Rig.open();
});
after(() => rig[Symbol.asyncDispose]());

async function runSuite(): Promise<readonly Result[]> {
  const report = join(rig.root, 'report.json');
  rmSync(report, { force: true });
  const args = [join(suite, 'run.mjs'), '--jobs', '2', '--report', report, '--', bin, 'build'];
  const env = { ...process.env, NO_COLOR: '1', MONOKIT_CACHE_DIR: rig.cacheDir };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  return JSON.parse(readFileSync(report, 'utf8')) as Result[];
}

for (const cache of ['an empty', 'a filled']) {
  test(`every conformance case gives what BuildKit gave with ${cache} cache, but for those listed`, async () => {
    const results = await runSuite();
    const wrong = results
      .filter(({ name, passed }) => !passed && notYet[name] === undefined)
      .map(({ name, failures = [], output }) => [name, ...failures, output ?? ''].join('\n  '));
    assert.equal(wrong.length, 0, wrong.join('\n'));
    const failed = results.filter(({ passed }) => !passed).map(({ name }) => name);
    assert.deepEqual(failed.sort(), Object.keys(notYet).sort(), 'the list not-yet.json has a case that passes');
    assert.ok(results.length >= 220, `${results.length} cases were run`);
  });
}
