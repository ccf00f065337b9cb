import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExportSource } from '../remote-cache/collect-records.ts';
import { SharedExports } from './shared-exports.ts';

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => ({ name }) as unknown as ExportSource) as [
  ExportSource,
  ExportSource,
  ExportSource,
  ExportSource,
];

test('what comes while an export is under way goes into the next one, together', async () => {
  const shared = new SharedExports();
  const runs: (readonly ExportSource[])[] = [];
  const first = Promise.withResolvers<Record<string, string>>();
  const begun = Promise.withResolvers<void>();
  const run = async (sources: readonly ExportSource[]) => {
    runs.push(sources);
    begun.resolve();
    return runs.length === 1 ? first.promise : { run: String(runs.length) };
  };
  const one = shared.add('place', a, run);
  await begun.promise;
  const others = [shared.add('place', b, run), shared.add('place', c, run)];
  const elsewhere = shared.add('other place', d, async (sources) => ({ sources: String(sources.length) }));
  assert.deepEqual(await elsewhere, { sources: '1' });
  assert.equal(runs.length, 1);
  // A failure is theirs alone who waited for it.
  first.reject(new Error('refused'));
  await assert.rejects(one, /refused/);
  assert.deepEqual(await Promise.all(others), [{ run: '2' }, { run: '2' }]);
  assert.deepEqual(runs, [[a], [a, b, c]]);
});
