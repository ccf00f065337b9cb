// docs/dockerfile.md names a case or test for everything, and has a row for everything that is read.

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readers } from '../../packages/engine/src/frontend/dockerfile/instruction.ts';
import * as add from '../../packages/engine/src/frontend/dockerfile/instructions/add.ts';
import * as copy from '../../packages/engine/src/frontend/dockerfile/instructions/copy.ts';
import * as healthcheck from '../../packages/engine/src/frontend/dockerfile/instructions/healthcheck.ts';
import * as run from '../../packages/engine/src/frontend/dockerfile/instructions/run.ts';
import { mountKeys, mountTypes } from '../../packages/engine/src/frontend/dockerfile/mounts.ts';
import { unmarshalOp } from '../../packages/engine/src/llb/op.ts';
import { cases, convertText } from './fixture.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/dockerfile.md'), 'utf8');

/** The rows of the tables below a heading: their cells, without the heads. */
function rows(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading));
  assert.ok(section, `there is no section ${heading}`);
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const named = (cell: string) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name]) => name!);

test('every case and test that the page names exists', () => {
  const titles = globSync('test/**/*.test.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
  for (const heading of ['Text', 'Instructions', 'Mounts', 'Contexts and options']) {
    for (const row of rows(heading)) {
      const names = named(row.at(-1)!);
      assert.ok(names.length > 0, `nothing shows ${row[0]}`);
      for (const name of names) {
        const isTest = titles.some((text) => text.includes(`test('${name}'`) || text.includes(`test("${name}"`));
        assert.ok(isTest || existsSync(join(cases, name)), `${row[0]}: there is no case and no test ${name}`);
      }
    }
  }
});

test('every instruction and flag that is read has a row, and no other has', () => {
  const flags = { add: add.flagKinds, copy: copy.flagKinds, healthcheck: healthcheck.flagKinds, run: run.flagKinds };
  const read = [
    ...Object.keys(readers).map((name) => name.toUpperCase()),
    ...Object.entries({ ...flags, from: { platform: 'text' } }).flatMap(([name, kinds]) =>
      Object.keys(kinds).map((flag) => `${name.toUpperCase()} --${flag}`),
    ),
  ];
  assert.deepEqual(
    rows('Instructions')
      .flatMap(([first]) => named(first!))
      .sort(),
    read.sort(),
  );
});

test('every mount option and type that is read has its place', () => {
  const table = rows('Mounts');
  assert.deepEqual(table.flatMap(([first]) => named(first!)).sort(), [...mountKeys].sort());
  assert.deepEqual(named(table[0]![1]!).sort(), [...mountTypes].sort());
});

test('options of ADD reach the ops', async () => {
  const text = 'FROM scratch\nADD --link --exclude=*.md --keep-git-dir=true https://x/y.git#main a /\n';
  const { images } = await convertText(text);
  const ops = images[0]!.definition.ops.map(unmarshalOp);
  const git = ops.find((op) => op.kind === 'source' && op.identifier.startsWith('git://'));
  assert.ok(git?.kind === 'source' && git.attrs.get('git.keepgitdir') === 'true');
  const file = ops.find((op) => op.kind === 'file');
  assert.ok(file?.kind === 'file');
  for (const action of file.actions) assert.deepEqual(action.kind === 'copy' && action.exclude, ['*.md']);
});

test('mount options reach the ops', async () => {
  const { images } = await convertText('FROM busybox\nRUN --mount=type=tmpfs,target=/t,size=1.5k x\n');
  const exec = images[0]!.definition.ops.map(unmarshalOp).find((op) => op.kind === 'exec');
  const mount = exec?.kind === 'exec' && exec.mounts.find(({ dest }) => dest === '/t');
  assert.match(
    JSON.stringify(mount, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
    /1536/,
  );
});
