// Cache keys are the one thing that cannot be changed later: for every recorded case, the records that a build here
// gives are those that BuildKit exports, digests, links and selectors.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openEngine } from '@monokit/engine';
import { openSession } from '@monokit/engine/session';
import { imageFlags } from '../../packages/cli/src/flags/build.ts';
import { parseFlags } from '../../packages/cli/src/flags/flags.ts';
import { folderRequest } from '../../packages/cli/src/tasks/folder.ts';
import { canonical, type ConfigRecord } from '../rig/cache-records.ts';
import { prepareCase } from '../rig/case.ts';

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, '../llb/cache-records.json'), 'utf8')) as Record<
  string,
  ConfigRecord[]
>;

/** Where the recording is not what the case asks for, and what of it to leave out or add. */
const departures: Readonly<
  Record<string, { readonly why: string; readonly drop?: string; readonly without?: string }>
> = {
  'run-empty-layer': {
    why: 'BuildKit stops asking a base image for its second key when the first already answers; whether it got that far shows in every other recording, and not in this one',
    drop: 'sha256:f08c476dad1e8eb150cb983d182ae195a55bdff47575a940066de4be5d8f0a44',
  },
  'run-hosts-and-resolv-stay-out': { why: 'recorded without the --add-host that the case has', without: '--add-host' },
};

test('the cache records of every recorded case are those of BuildKit', async (t) => {
  const cacheDir = mkdtempSync(join(tmpdir(), 'monokit-records-'));
  t.after(() => rmSync(cacheDir, { recursive: true, force: true }));
  await using engine = await openEngine({ cacheDir });
  for (const [name, expected] of Object.entries(recorded)) {
    await t.test(name, async () => {
      using prepared = prepareCase(name);
      const { drop, without } = departures[name] ?? {};
      const at = without === undefined ? -1 : prepared.args.indexOf(without);
      const argv = at < 0 ? prepared.args : prepared.args.toSpliced(at, 2);
      const env = { ...process.env, ...prepared.env };
      const { given, positionals } = parseFlags(argv, imageFlags, {});
      const { stdin, stdout } = process;
      const scratch = () => Promise.reject(new Error('no case here reads standard input'));
      const { request, lent } = await folderRequest(positionals[0]!, given, { cwd: '/', env, stdin, stdout, scratch });
      await using session = openSession(lent);
      const work = { signal: new AbortController().signal, report: () => undefined };
      const defined = await engine.define({ ...request, session }, work);
      const actual = await engine.cacheRecords(defined, work);
      assert.deepEqual(
        canonical(actual).filter((record) => !drop || record.digest !== drop),
        canonical(expected),
      );
    });
  }
});
