import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mistake } from '../mistake.ts';
import { parseFlags, type Flags } from './flags.ts';

const flags = {
  file: { kind: 'value', short: 'f', placeholder: 'FILE', help: '', env: false },
  tag: { kind: 'list', short: 't', help: '', env: false },
  quiet: { kind: 'switch', short: 'q', help: '' },
  progress: { kind: 'value', among: ['auto', 'plain', 'json'], alias: 'ui', help: '' },
  continue: {
    kind: 'choice',
    implied: 'dependencies-successful',
    among: ['never', 'dependencies-successful'],
    help: '',
  },
  'cache-dir': { kind: 'value', help: '' },
} as const satisfies Flags;

const parse = (argv: readonly string[], env: Record<string, string> = {}) =>
  parseFlags(argv, flags, { env, command: 'build' });
const mistake = (argv: readonly string[], env: Record<string, string> = {}) => {
  try {
    parse(argv, env);
  } catch (error) {
    assert.ok(error instanceof Mistake);
    return [error.message, error.hint];
  }
  return assert.fail('there was no mistake');
};

test('values stand behind their flag or its equals sign, lists grow, positionals stand anywhere', () => {
  const { given, positionals } = parse(['api', '-f', 'x', '--tag=a=b', 'web', '-tc', '--quiet', '-']);
  assert.deepEqual(given, {
    file: 'x',
    tag: ['a=b', 'c'],
    quiet: true,
    progress: undefined,
    continue: undefined,
    'cache-dir': undefined,
  });
  assert.deepEqual(positionals, ['api', 'web', '-']);
});

test('the last of a single value counts', () => {
  assert.equal(parse(['-f', 'a', '--file', 'b']).given.file, 'b');
  assert.equal(parse(['--quiet', '--quiet=false']).given.quiet, false);
});

test('everything after -- is a positional', () => {
  assert.deepEqual(parse(['--', '-f', '--quiet']).positionals, ['-f', '--quiet']);
});

test('a choice takes a value after an equals sign only', () => {
  const { given, positionals } = parse(['--continue', 'never']);
  assert.deepEqual([given.continue, positionals], ['dependencies-successful', ['never']]);
  assert.equal(parse(['--continue=never']).given.continue, 'never');
});

test('the environment gives what the command line does not', () => {
  const env = { MONOKIT_CACHE_DIR: '/c', MONOKIT_QUIET: '1', MONOKIT_FILE: 'no', MONOKIT_PROGRESS: '' };
  assert.deepEqual(parse([], env).given, { ...parse([]).given, 'cache-dir': '/c', quiet: true });
  assert.equal(parse(['--cache-dir', '/d'], env).given['cache-dir'], '/d');
  assert.deepEqual(mistake([], { MONOKIT_PROGRESS: 'jsno' }), [
    'MONOKIT_PROGRESS does not take "jsno"',
    'did you mean json? it takes auto, plain, json',
  ]);
  assert.match(mistake([], { MONOKIT_QUIET: 'maybe' })[0]!, /must be true or false/);
});

test('another spelling of a flag is that flag', () => {
  assert.equal(parse(['--ui', 'plain']).given.progress, 'plain');
});

test('an unknown flag is a mistake that names the nearest', () => {
  assert.deepEqual(mistake(['--quite']), [
    'unknown flag --quite',
    'did you mean --quiet? cli build --help lists the flags',
  ]);
  assert.deepEqual(mistake(['--xyzzy']), ['unknown flag --xyzzy', 'cli build --help lists the flags']);
  assert.deepEqual(mistake(['-x']), ['unknown flag -x', 'cli build --help lists the flags']);
  assert.deepEqual(mistake(['-qf']), ['unknown flag -qf', 'cli build --help lists the flags']);
});

test('a flag without its value, or with one that it cannot have, is a mistake', () => {
  assert.deepEqual(mistake(['--file']), ['--file needs a value', 'write --file FILE']);
  assert.match(mistake(['--quiet=yes'])[0]!, /takes no value/);
  assert.deepEqual(mistake(['--progress', 'plian']), [
    '--progress does not take "plian"',
    'did you mean plain? it takes auto, plain, json',
  ]);
});
