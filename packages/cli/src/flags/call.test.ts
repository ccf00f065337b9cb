import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mistake } from '../mistake.ts';
import { workFlags } from './build.ts';
import { callFlags, callOf } from './call.ts';
import { parseFlags } from './flags.ts';

const read = (...argv: string[]) => callOf(parseFlags(argv, { ...callFlags, ...workFlags }, {}).given);

test('a method of --call is a question to the frontend, and build is none', () => {
  const plain = { format: 'text', ignoreStatus: false };
  assert.equal(read(), undefined);
  assert.equal(read('--call', 'build'), undefined);
  assert.deepEqual(read('--check'), { question: 'frontend.lint', ...plain });
  assert.deepEqual(read('--check', '--call', 'check'), read('--call=lint'));
  assert.deepEqual(read('--call', 'outline'), { question: 'frontend.outline', ...plain });
  assert.deepEqual(read('--call', 'subrequests.describe'), { question: 'frontend.subrequests.describe', ...plain });
  assert.deepEqual(read('--call', 'targets,format=json'), {
    question: 'frontend.targets',
    format: 'json',
    ignoreStatus: false,
  });
  assert.deepEqual(read('--check', '--json'), { question: 'frontend.lint', format: 'json', ignoreStatus: false });
  assert.deepEqual(read('--call', 'check,ignorestatus'), read('--call', 'ignorestatus=true,check,format=text'));
});

test('what --call does not know is refused with the nearest that it does', () => {
  const cases: [string[], RegExp, RegExp?][] = [
    [['--call', 'outlin'], /no method "outlin"/, /did you mean outline\?/],
    [['--call', 'toString'], /no method "toString"/],
    [['--call', 'check,fromat=json'], /no parameter "fromat"/, /did you mean format\?/],
    [['--call', 'check,format=jsn'], /no format "jsn"/, /did you mean json\?/],
    [['--call', 'check,ignorestatus=perhaps'], /true or false/],
    [['--call', 'check,targets'], /one method, not check and targets/],
    [['--check', '--call', 'targets'], /two questions/],
    [['--check', '--iidfile', 'x'], /--iidfile goes with a build/],
  ];
  for (const [argv, message, hint] of cases) {
    assert.throws(
      () => read(...argv),
      (error: unknown) => {
        assert.ok(error instanceof Mistake);
        assert.match(error.message, message);
        if (hint) assert.match(error.hint ?? '', hint);
        return true;
      },
    );
  }
});
