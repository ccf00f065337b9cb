import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { column, width } from './rows.ts';
import { FolderDigests } from './stat-index.ts';

const row = (changes: Partial<Record<keyof typeof column, number>> = {}) => {
  const numbers = new Float64Array(width);
  const values = {
    mode: 0o100644,
    ino: 7,
    size: 3,
    mtime: 5000.25,
    ctime: 6000.25,
    nlink: 1,
    dev: 1,
    rdev: 0,
    ...changes,
  };
  for (const [name, value] of Object.entries(values)) numbers[column[name as keyof typeof column]] = value;
  return numbers;
};
const digest = digestOf('x');

test('a record gives back the digests of entries that did not change', () => {
  const digests = new FolderDigests();
  for (const name of ['a', 'b', 'd'])
    digests.put(name, { numbers: row(), row: 0, digest: digestOf(name), since: 9000 });
  assert.equal(digests.dirty, true);
  const known = new FolderDigests(digests.take(undefined, (name) => name !== 'b'));
  assert.equal(digests.dirty, false);
  assert.equal(known.get('a', row(), 0), digestOf('a'));
  assert.equal(known.get('b', row(), 0), undefined);
  assert.equal(known.get('c', row(), 0), undefined);
  assert.equal(known.get('d', row(), 0), digestOf('d'));
  for (const changed of [
    { mode: 0o100755 },
    { ino: 8 },
    { size: 4 },
    { mtime: 5000.5 },
    { ctime: 6000.5 },
    { dev: 2 },
  ]) {
    assert.equal(known.get('a', row(changed), 0), undefined, JSON.stringify(changed));
  }
  assert.equal(known.get('a', row({ nlink: 2 }), 0), digestOf('a'));
});

test('an entry that may change again within one tick of the clock is not remembered', () => {
  const cases: [ctime: number, since: number, remembered: boolean][] = [
    [6000.25, 6010, false],
    [6000.25, 6100, true],
    // Whole seconds: a file system that counts no finer.
    [6000, 7500, false],
    [6000, 8001, true],
    // A clock that is ahead of ours.
    [9000.5, 6000, false],
  ];
  for (const [ctime, since, remembered] of cases) {
    const before = new FolderDigests();
    before.put('a', { numbers: row({ ctime }), row: 0, digest, since });
    const after = new FolderDigests(before.take(undefined, () => true));
    assert.equal(after.get('a', row({ ctime }), 0) !== undefined, remembered, `${ctime} ${since}`);
  }
});

test('what is learnt replaces and joins what was recorded', () => {
  const first = new FolderDigests();
  first.put('b', { numbers: row(), row: 0, digest: digestOf('old'), since: 9000 });
  first.put('c', { numbers: row(), row: 0, digest: digestOf('c'), since: 9000 });
  const recorded = first.take(undefined, () => true);
  const second = new FolderDigests(recorded);
  second.put('b', { numbers: row({ size: 9 }), row: 0, digest: digestOf('new'), since: 9000 });
  second.put('a', { numbers: row(), row: 0, digest: digestOf('a'), since: 9000 });
  assert.equal(second.get('a', row(), 0), digestOf('a'));
  assert.equal(second.get('b', row(), 0), undefined);
  const third = new FolderDigests(second.take(recorded, () => true));
  assert.equal(third.get('a', row(), 0), digestOf('a'));
  assert.equal(third.get('b', row({ size: 9 }), 0), digestOf('new'));
  assert.equal(third.get('c', row(), 0), digestOf('c'));
});

test('a damaged record is no record', () => {
  const digests = new FolderDigests();
  digests.put('a', { numbers: row(), row: 0, digest, since: 9000 });
  const record = digests.take(undefined, () => true);
  for (const bytes of [new Uint8Array(), record.subarray(0, 20), new Uint8Array(200)]) {
    assert.equal(new FolderDigests(bytes).get('a', row(), 0), undefined);
  }
});
