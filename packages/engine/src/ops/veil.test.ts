import assert from 'node:assert/strict';
import { test } from 'node:test';
import { veil } from './veil.ts';

function shown(secrets: readonly string[], writes: readonly string[]): readonly string[] {
  const told: string[] = [];
  const { write, end } = veil(
    secrets.map((secret) => Buffer.from(secret)),
    (data) => told.push(Buffer.from(data).toString()),
  );
  for (const text of writes) write(Buffer.from(text));
  end();
  return told;
}

test('a secret is hidden wherever it stands, and all else is passed on as it comes', () => {
  assert.deepEqual(shown(['s3same!'], ['open s3same!\n', 's3same!s3same!', '\n', 'sesame\n']), [
    'open ***\n',
    '******',
    '\n',
    'sesame\n',
  ]);
  assert.deepEqual(shown([], ['open s3same!\n']), ['open s3same!\n']);
});

test('a secret that comes in pieces is hidden, and what only began like one is told', () => {
  for (let cut = 1; cut < 7; cut++) {
    const pieces = ['a s3same!b'.slice(0, 2 + cut), 'a s3same!b'.slice(2 + cut)];
    assert.equal(shown(['s3same!'], pieces).join(''), 'a ***b');
  }
  assert.equal(shown(['s3same!'], [...'a s3same!b s3sam']).join(''), 'a ***b s3sam');
  assert.equal(shown(['aaaaab'], ['aaaaaa', 'ab']).join(''), 'aa***');
});

test('the lines of a key count by themselves, without the line end of its file', () => {
  const key = '-----BEGIN-----\r\nMIIEowIBAAKC\r\nAQEA\r\n-----END-----\n';
  assert.equal(shown([key], [key]).join(''), '***\n');
  assert.equal(shown([key], ['read MIIEowIBAAKC and AQEA\n']).join(''), 'read *** and AQEA\n');
});

test('of two secrets the longer one is hidden where both begin, and words of every text are left', () => {
  assert.equal(shown(['token1', 'token1-long'], ['token1-long token1 ']).join(''), '*** *** ');
  assert.equal(shown(['yes', ''], ['yes and no']).join(''), 'yes and no');
});

test('bytes that are no text pass and are found', () => {
  const told: Uint8Array[] = [];
  const secret = Uint8Array.of(0xff, 0, 0xfe, 1, 2, 3, 0x80);
  const { write, end } = veil([secret], (data) => told.push(data));
  write(Uint8Array.of(0xc3, ...secret, 0xa4));
  end();
  assert.deepEqual(Buffer.concat(told), Buffer.from([0xc3, 0x2a, 0x2a, 0x2a, 0xa4]));
});
