import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ManifestEntry } from '@monokit/engine';
import { folderChanges } from './folder-changes.ts';

const entry = (path: string, more: Partial<ManifestEntry> = {}): ManifestEntry => ({
  path,
  kind: 'file',
  mode: 0o644,
  digest: '3f2a000000000000',
  ...more,
});

test('each kind of change is told in its words', () => {
  const before = [
    entry('same'),
    entry('content'),
    entry('mode'),
    entry('gone'),
    entry('link', { kind: 'symlink', mode: 0o777, target: 'a' }),
    entry('file'),
    entry('dir', { kind: 'directory', mode: 0o755 }),
    entry('old', { kind: 'directory', mode: 0o755 }),
    entry('old/inside'),
    entry('empty', { kind: 'directory', mode: 0o755 }),
  ];
  const after = [
    entry('same'),
    entry('content', { digest: '9c01000000000000' }),
    entry('mode', { mode: 0o755, digest: '9c01000000000000' }),
    entry('link', { kind: 'symlink', mode: 0o777, target: 'b', digest: '9c01000000000000' }),
    entry('file', { kind: 'symlink', mode: 0o777, target: 'x' }),
    entry('dir', { kind: 'directory', mode: 0o700 }),
    entry('new', { kind: 'directory', mode: 0o755 }),
    entry('new/inside'),
    entry('to', { kind: 'symlink', mode: 0o777, target: 'same' }),
  ];
  assert.deepEqual(
    folderChanges(before, after).map(({ path, how, what }) => [path, how, what]),
    [
      ['content', 'changed', 'content 3f2a→9c01'],
      ['dir', 'changed', 'mode 755→700'],
      ['empty', 'removed', 'directory removed'],
      ['file', 'changed', 'file→symlink'],
      ['gone', 'removed', 'removed'],
      ['link', 'changed', 'link a→b'],
      ['mode', 'changed', 'mode 644→755'],
      ['new/inside', 'added', 'added'],
      ['old/inside', 'removed', 'removed'],
      ['to', 'added', 'link to same added'],
    ],
  );
  assert.deepEqual(folderChanges(before, before), []);
});
