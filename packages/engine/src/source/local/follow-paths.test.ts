import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '../../std/temp.ts';
import { followPaths } from './follow-paths.ts';

test('paths bring the links on their way and what those lead to', async () => {
  await using folder = makeTempFolder();
  const root = folder.path;
  mkdirSync(join(root, 'real/sub'), { recursive: true });
  writeFileSync(join(root, 'real/sub/file'), '');
  for (const [link, target] of [
    ['dir', 'real'],
    ['abs', '/real/sub/file'],
    ['out', '../../../../etc/passwd'],
    ['one', 'two'],
    ['two', 'one'],
    ['real/back', '..'],
  ]) {
    symlinkSync(target!, join(root, link!));
  }
  const table: [paths: string[], expected: string[] | undefined][] = [
    [
      ['/real/sub/file', 'missing'],
      ['missing', 'real/sub/file'],
    ],
    [['dir/sub/file'], ['dir', 'real/sub/file']],
    [['abs'], ['abs', 'real/sub/file']],
    [['out'], ['etc/passwd', 'out']],
    [['one/x'], ['one', 'two']],
    [['d*/sub'], ['d*', 'real/sub']],
    [['nothing*/x'], ['nothing*/x']],
    [
      ['real', 'real/sub', 'realm'],
      ['real', 'realm'],
    ],
    [['real/back/dir'], ['dir', 'real']],
    [['.'], undefined],
    [['../..'], undefined],
    [['real/back'], undefined],
  ];
  for (const [paths, expected] of table) assert.deepEqual(followPaths(root, paths), expected, paths.join(' '));
});
