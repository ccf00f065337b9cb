import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBytes, toBytes } from '../../proto/message.ts';
import type { TreeEntry } from '../program-bridge.ts';
import { stat } from './messages/files.ts';
import { entryOf, statMessage } from './stat.ts';

const entry: TreeEntry = {
  name: 'name',
  kind: 'file',
  mode: 0o644,
  uid: 1,
  gid: 4_294_967_294,
  size: 2 ** 40,
  mtime: 1_600_000_000_123_456_789n,
  target: '',
  device: { major: 0, minor: 0 },
  xattrs: [{ name: 'user.x', value: new Uint8Array([0, 255]) }],
};

test('modes are those of Go', () => {
  const mode = (changes: Partial<TreeEntry>) => statMessage({ ...entry, ...changes }).mode;
  assert.equal(mode({}), 0o644);
  assert.equal(mode({ kind: 'directory', mode: 0o1777 }), 2 ** 31 + 2 ** 20 + 0o777);
  assert.equal(mode({ kind: 'symlink', mode: 0o777 }), 2 ** 27 + 0o777);
  assert.equal(mode({ mode: 0o6755 }), 2 ** 23 + 2 ** 22 + 0o755);
  assert.equal(mode({ kind: 'character', mode: 0o600 }), 2 ** 26 + 2 ** 21 + 0o600);
});

test('an entry survives the wire', () => {
  const kinds: TreeEntry['kind'][] = ['file', 'directory', 'symlink', 'character', 'block', 'fifo', 'socket'];
  for (const kind of kinds) {
    for (const mode of [0o644, 0o7777]) {
      const given = { ...entry, kind, mode, target: kind === 'symlink' ? '../x' : '' };
      const { xattrs, ...rest } = entryOf(fromBytes(stat, toBytes(stat, statMessage(given))));
      assert.deepEqual(
        { ...rest, xattrs: xattrs.map(({ name, value }) => ({ name, value: Uint8Array.from(value) })) },
        given,
      );
    }
  }
});
