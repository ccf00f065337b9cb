// What is built of every conformance case is what BuildKit built of it: with an empty cache, and with what that left.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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

async function runSuite(rig: Rig): Promise<readonly Result[]> {
  const report = join(rig.root, 'report.json');
  const args = [join(suite, 'run.mjs'), '--jobs', '2', '--report', report, '--', bin, 'build'];
  const env = { ...process.env, NO_COLOR: '1', MONOKIT_CACHE_DIR: rig.cacheDir };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  return JSON.parse(readFileSync(report, 'utf8')) as Result[];
}

test('every conformance case gives what BuildKit gave, cold and warm, but for those listed', async (t) => {
  await using rig = await Rig.open();
  for (const cache of ['an empty', 'a filled']) {
    await t.test(`with ${cache} cache`, async () => {
      const results = await runSuite(rig);
      const wrong = results
        .filter(({ name, passed }) => !passed && notYet[name] === undefined)
        .map(({ name, failures = [], output }) => [name, ...failures, output ?? ''].join('\n  '));
      assert.equal(wrong.length, 0, wrong.join('\n'));
      const failed = results.filter(({ passed }) => !passed).map(({ name }) => name);
      assert.deepEqual(failed.sort(), Object.keys(notYet).sort(), 'the list not-yet.json has a case that passes');
      assert.ok(results.length >= 220, `${results.length} cases were run`);
    });
  }
});
