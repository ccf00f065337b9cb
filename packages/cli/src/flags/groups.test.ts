import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageFlags, workFlags } from './build.ts';
import { flagGroups } from './groups.ts';
import { cacheDirFlag } from './workspace.ts';

const own = { exec: { kind: 'value', help: 'Run this' } } as const;

test('what only a command has comes before what it shares with others, each where it belongs', () => {
  const groups = flagGroups('watch', { ...imageFlags, ...workFlags, ...own });
  assert.deepEqual(
    groups.map(({ title }) => title),
    ['Flags of cli watch', 'About an image', 'About the workspace', 'About the run'],
  );
  assert.deepEqual(groups[0]!.flags, [['exec', own.exec]]);
  const names = groups.flatMap(({ flags }) => flags.map(([name]) => name));
  assert.deepEqual(names.toSorted(), Object.keys({ ...imageFlags, ...workFlags, ...own }).toSorted());
});

test('a flag of the same name that means something else is the own one of its command', () => {
  const json = { kind: 'switch', help: 'Print it as JSON' } as const;
  const groups = flagGroups('du', { json, ...cacheDirFlag });
  assert.deepEqual(
    groups.map(({ title, flags }) => [title, ...flags.map(([name]) => name)]),
    [
      ['Flags of cli du', 'json'],
      ['About the workspace', 'cache-dir'],
    ],
  );
  assert.deepEqual(
    flagGroups('init', own).map(({ title }) => title),
    ['Flags'],
  );
});
