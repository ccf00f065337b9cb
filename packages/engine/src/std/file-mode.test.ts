import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedOf } from './failed.ts';
import { parseMode } from './file-mode.ts';

const file = { directory: false };
const folder = { directory: true };

test('modes read as chmod(1) reads them', () => {
  const cases: [text: string, before: number, entry: typeof file, after: number][] = [
    ['755', 0o600, file, 0o755],
    ['04711', 0o600, file, 0o4711],
    ['u=rwX,go=rX', 0o600, file, 0o644],
    ['u=rwX,go=rX', 0o700, file, 0o755],
    ['u=rwX,go=rX', 0o600, folder, 0o755],
    ['go-rwx', 0o755, file, 0o700],
    ['a+x', 0o644, file, 0o755],
    ['+x', 0o644, file, 0o755],
    ['g+s,o-r', 0o755, folder, 0o2751],
    ['o+s', 0o755, file, 0o755],
    ['+t', 0o755, folder, 0o1755],
    ['o+t', 0o755, folder, 0o755],
    ['go=u', 0o740, file, 0o777],
    ['go=u-w', 0o740, file, 0o755],
    ['o+g', 0o750, file, 0o755],
    ['go=', 0o777, file, 0o700],
    ['=', 0o7777, file, 0o1000],
    ['=r', 0o777, file, 0o444],
    ['a-X', 0o755, file, 0o644],
    ['u+x,+X', 0o600, file, 0o700],
  ];
  for (const [text, before, entry, after] of cases) {
    assert.equal(parseMode(text)(before, entry).toString(8), after.toString(8), text);
  }
});

test('a mode that makes no sense is refused by its text', () => {
  for (const text of ['', 'a=rw9', '888', '10000', 'u', 'u+x,', 'q+x', '77777777']) {
    assert.throws(
      () => parseMode(text),
      (error) => failedOf(error, 'bad-mode') !== undefined,
      text,
    );
  }
});
