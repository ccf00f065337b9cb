// Eight times as much of anything takes about eight times as long: no part of the frontend looks at everything for each.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PatternMatcher } from '../../packages/engine/src/std/patterns.ts';
import { convertText, fakeBridge } from './fixture.ts';

const times = (n: number, text: (i: number) => string) => Array.from({ length: n }, (_, i) => text(i)).join('');

/** Dockerfiles by size; sizes are such that the small one takes some milliseconds. */
const growing: Readonly<Record<string, readonly [size: number, text: (n: number) => string]>> = {
  'stages on each other': [
    250,
    (n) => `FROM scratch AS s0\n${times(n, (i) => `FROM s${i} AS s${i + 1}\nENV A${i}=$B\n`)}`,
  ],
  'stages with warnings': [
    175,
    (n) => `FROM scratch AS s0\n${times(n, (i) => `FROM s${i} AS S${i + 1}\nENV A${i % 7}=$X\nARG Y${i}\n`)}`,
  ],
  'stages that copy from each other': [
    125,
    (n) => `FROM scratch AS s0\n${times(n, (i) => `FROM scratch AS s${i + 1}\nCOPY --from=s${i} / /\n`)}`,
  ],
  'undefined variables': [
    375,
    (n) => `FROM scratch\n${times(n, (i) => `ARG AA${i}=1\n`)}${times(n, (i) => `LABEL a${i}=$UNDEF${i}\n`)}`,
  ],
  'variables of variables': [375, (n) => `FROM scratch\n${times(n, (i) => `ENV A${i}=$A${i - 1}\n`)}`],
  'arguments before FROM': [375, (n) => `${times(n, (i) => `ARG A${i}=$A${i - 1}\n`)}FROM scratch\n`],
  processes: [125, (n) => `FROM busybox\n${times(n, (i) => `ENV A${i % 9}=${i}\nRUN echo ${i}\n`)}`],
  copies: [125, (n) => `FROM busybox\n${times(n, (i) => `COPY a${i} /\n`)}`],
  triggers: [250, (n) => `FROM busybox AS a\n${times(n, (i) => `ONBUILD ENV A${i}=1\n`)}FROM a\n`],
  labels: [500, (n) => `FROM busybox\n${times(n, (i) => `LABEL a${i}=1\n`)}`],
  folders: [250, (n) => `FROM busybox\n${times(n, (i) => `WORKDIR /w${i}\n`)}`],
  mounts: [75, (n) => `FROM busybox\nRUN ${times(n, (i) => `--mount=target=/m${i} \\\n`)} x\n`],
  'continued lines': [1250, (n) => `FROM busybox\nRUN ${times(n, () => 'x \\\n\n# c\n')}y\n`],
  'lines of a heredoc': [1000, (n) => `FROM busybox\nCOPY <<E /\n${times(n, () => 'a $A ${B:-c}\n')}E\n`],
  'quotes in a word': [1000, (n) => `FROM busybox\nENV A=${`'a'"$b"`.repeat(n)}\n`],
  'a replaced pattern': [500, (n) => `FROM busybox\nENV A=${'a'.repeat(n)}\nENV B=\${A//*a*b/x}\n`],
  mistakes: [250, (n) => times(n, () => 'FROM a\nBOGUS x\nCOPY --fron=x a b\n')],
};

/**
 * Processor time in microseconds: what else the machine does is not in it. Only the sum of user and system time is exact;
 * how it is split between them the kernel guesses by its ticks.
 */
function spent(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started);
  return user + system;
}

/** Processor time that a text takes. */
async function took(text: string, requestid: string | undefined): Promise<number> {
  const started = process.cpuUsage();
  await convertText('', requestid === undefined ? {} : { requestid }, fakeBridge({ Dockerfile: text })).catch(() => {});
  return spent(started);
}

/** The smallest of a few times of each, for a busy machine only ever adds to them. */
async function ratio(small: () => Promise<number> | number, large: () => Promise<number> | number): Promise<number> {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let attempt = 0; attempt < 8; attempt++) {
    least = Math.min(least, await small());
    most = Math.min(most, await large());
    if (attempt > 0 && most / least < worst) break;
  }
  return most / least;
}

/** Eight times as much in at most this many times the time; what looks at everything for each takes 64 times as long. */
const worst = 40;

for (const [what, [size, text]] of Object.entries(growing)) {
  test(`time grows with ${what}, not with their square`, async () => {
    const [small, large] = [text(size), text(8 * size)];
    for (const request of [undefined, 'frontend.lint', 'frontend.outline']) {
      const times = await ratio(
        () => took(small, request),
        () => took(large, request),
      );
      assert.ok(times < worst, `${request ?? 'a build'}: eight times as much took ${times.toFixed(1)} times as long`);
    }
  });
}

test('a pattern of many stars takes no longer than pattern times path', async () => {
  const matched = (n: number) => () => {
    const matcher = new PatternMatcher([`x${'*a'.repeat(20)}b`, '**/a*b*c*d*/**/x*y/**/z', `a/${'*'.repeat(99)}/b`]);
    const path = `x${'a'.repeat(n)}/${'a/'.repeat(n)}`;
    const started = process.cpuUsage();
    assert.equal(matcher.matches(path), false);
    return spent(started);
  };
  // Folders above are tried, too: that is the square of how deep a path is.
  assert.ok((await ratio(matched(40), matched(160))) < worst);
});

test('lines, nesting and binary files at their limits are refused or read, at once', async () => {
  const told = async (text: string | Uint8Array) =>
    convertText('', {}, fakeBridge({ Dockerfile: text })).then(
      () => 'built',
      (error: Error) => error.message,
    );
  assert.equal(await told(`FROM scratch\nLABEL a=${'x'.repeat(65_535 - 9)}\n`), 'built');
  assert.match(await told(`FROM scratch\nLABEL a=${'x'.repeat(65_536)}\n`), /:2:1: dockerfile line greater than max/);
  assert.match(
    await told(`FROM scratch\nENV A=${'${A:-'.repeat(9000)}${'}'.repeat(9000)}\n`),
    /nested more than 200 deep/,
  );
  assert.match(await told(`FROM scratch\nCMD ${'['.repeat(60_000)}\n`), /built/);
  assert.match(
    await told(Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7919) % 251)),
    /not a text file|greater than/,
  );
  assert.match(await told('\ufeff'), /file with no instructions|cannot be empty/);
});
