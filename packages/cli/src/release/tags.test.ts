import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDate } from './expressions.ts';
import type { Facts, ReleaseEvent } from './facts.ts';
import { readFlavor, readTagRule } from './tag-rules.ts';
import { tagsOf } from './tags.ts';

const commit = '860c1904a1ce19322e91ac35af1ab07466440c37';
const now = Date.parse('2026-05-04T03:02:01Z');
const events = {
  main: { kind: 'branch', branch: 'main' },
  feature: { kind: 'branch', branch: 'feature/a b' },
  night: { kind: 'schedule', branch: 'main' },
  pr: { kind: 'pull-request', number: '12', base: 'main', branch: 'feature/x' },
} as const satisfies Readonly<Record<string, ReleaseEvent>>;

function tags(event: ReleaseEvent | string, rules: readonly string[], flavor: readonly string[] = []) {
  const facts: Facts = {
    event: typeof event === 'string' ? { kind: 'tag', tag: event } : event,
    commit,
    commitDate: Date.parse('2025-12-31T23:00:00Z'),
    defaultBranch: 'main',
  };
  return tagsOf(rules.map(readTagRule), { facts, flavor: readFlavor(flavor), now });
}

for (const [event, rules, expected, flavor] of [
  // type=schedule
  [events.night, ['type=schedule'], ['nightly']],
  [events.night, ["type=schedule,pattern={{date 'YYYYMMDD'}}"], ['20260504']],
  [events.night, ["type=schedule,pattern={{date 'YYYYMMDD-HHmmss' tz='Asia/Tokyo'}}"], ['20260504-120201']],
  [events.main, ['type=schedule'], []],
  // type=semver
  ['v1.2.3', ['type=semver,pattern={{version}}'], ['1.2.3', 'latest']],
  ['v1.2.3', ['type=semver,pattern={{raw}}'], ['v1.2.3', 'latest']],
  ['1.2.3', ['type=semver,pattern={{major}}.{{minor}}', 'type=semver,pattern={{major}}'], ['1.2', '1', 'latest']],
  ['v2.0.8-rc1', ['type=semver,pattern={{major}}.{{minor}}', 'type=semver,pattern={{version}}'], ['2.0.8-rc1']],
  ['v2.0.8-rc1', ['type=semver,pattern={{raw}}'], ['v2.0.8-rc1']],
  [events.main, ['type=semver,pattern={{version}},value=v1.0.0'], ['1.0.0', 'latest']],
  ['v1.2.3', ['type=semver,pattern={{version}},prefix=v,suffix=-x'], ['v1.2.3-x', 'latest']],
  ['v1.2.3+build', ['type=semver,pattern={{raw}}'], ['v1.2.3-build', 'latest']],
  [events.main, ['type=semver,pattern={{version}}'], []],
  // type=pep440
  ['1.2.3', ['type=pep440,pattern={{major}}.{{minor}}'], ['1.2', 'latest']],
  ['v1.2.3rc2', ['type=pep440,pattern={{major}}.{{minor}}', 'type=pep440,pattern={{raw}}'], ['1.2.3rc2', 'v1.2.3rc2']],
  ['1.2.3.post1', ['type=pep440,pattern={{major}}'], ['1.2.3.post1']],
  ['1.2.3.dev1', ['type=pep440,pattern={{version}}'], ['1.2.3.dev1']],
  // type=match
  ['v1.2.3', ['type=match,pattern=v(.*),group=1'], ['1.2.3', 'latest']],
  ['v20200110', ['type=match,pattern=\\d{8}'], ['20200110', 'latest']],
  ['p1/v1.2.3', ['type=match,pattern=p1/v(\\d.\\d.\\d),group=1'], ['1.2.3', 'latest']],
  ['V1', ['type=match,pattern=/v(.*)/i,group=1'], ['1', 'latest']],
  // type=edge
  [events.main, ['type=edge'], ['edge']],
  [events.feature, ['type=edge'], []],
  [events.feature, ['type=edge,branch=feature/a b'], ['edge']],
  // type=ref
  [events.feature, ['type=ref,event=branch'], ['feature-a-b']],
  [events.main, ['type=ref,event=branch,prefix=b-'], ['b-main']],
  ['v1', ['type=ref,event=tag'], ['v1', 'latest']],
  [events.pr, ['type=ref,event=pr'], ['pr-12']],
  [events.pr, ['type=ref,event=pr,prefix='], ['12']],
  [events.pr, ['type=ref,event=branch'], []],
  // type=raw
  [events.main, ['type=raw,value=foo', 'bar', 'type=raw,value={{branch}}-{{sha}}'], ['foo', 'bar', 'main-860c190']],
  [events.main, ["type=raw,value=r{{commit_date 'YYYY.M.D' tz='Europe/Paris'}}"], ['r2026.1.1']],
  [events.pr, ['type=raw,value=to-{{base_ref}}'], ['to-main']],
  [
    events.main,
    ['type=raw,value=a,enable={{is_default_branch}}', 'type=raw,value=b,enable={{is_not_default_branch}}'],
    ['a'],
  ],
  [events.main, ['type=raw,value=off,enable=false'], []],
  // type=sha
  [events.main, ['type=sha'], ['sha-860c190']],
  [events.main, ['type=sha,format=long,prefix='], [commit]],
  // order, flavors
  [
    'v1.2.3',
    ['type=sha', 'type=ref,event=tag', 'type=semver,pattern={{version}}'],
    ['1.2.3', 'v1.2.3', 'sha-860c190', 'latest'],
  ],
  ['v1.2.3', ['type=sha,priority=2000', 'type=semver,pattern={{version}}'], ['sha-860c190', '1.2.3']],
  ['v1.2.3', ['type=ref,event=tag'], ['v1.2.3'], ['latest=false']],
  [events.main, ['type=ref,event=branch'], ['main', 'latest'], ['latest=true']],
  ['v1', ['type=ref,event=tag'], ['a-v1-z', 'latest'], ['prefix=a-', 'suffix=-z']],
  ['v1', ['type=ref,event=tag'], ['a-v1-z', 'a-latest-z'], ['prefix=a-,onlatest=true', 'suffix=-z,onlatest=true']],
  [events.main, ['type=sha'], ['sha-860c190-z'], ['prefix=a-', 'suffix=-z']],
  ['v1', ['type=ref,event=tag', 'type=raw,value=v1'], ['v1', 'latest']],
] as const satisfies readonly (readonly [
  ReleaseEvent | string,
  readonly string[],
  readonly string[],
  (readonly string[])?,
])[]) {
  const given = typeof event === 'string' ? `tag ${event}` : event.kind;
  test(`${given} with ${[...rules, ...(flavor ?? [])].join('; ')} is ${expected.join(', ') || 'nothing'}`, () => {
    const made = tags(event, rules, flavor);
    assert.deepEqual(made.tags, expected);
    assert.equal(made.version, expected[0]);
  });
}

test('what could not be read as a version is told', () => {
  const { tags: made, warnings } = tags('nightly', ['type=semver,pattern={{version}}', 'type=match,pattern=v(.*)']);
  assert.deepEqual(made, []);
  assert.deepEqual(warnings, [
    'type=semver,pattern={{version}}: nightly is no semver version',
    'type=match,pattern=v(.*): nightly does not match',
  ]);
});

for (const [rule, why] of [
  ['type=semver', /needs pattern/],
  ['type=nothing', /no type nothing: schedule, semver/],
  ['type=sha,patern=x', /takes no patern/],
  ['type=ref,event=push', /event is branch, tag or pr/],
  ['type=raw,value=x,priority=high', /priority is a number/],
  ['type=raw,value={{branhc}}', /\{\{branhc\}\} means nothing/],
  ["type=raw,value={{date 'QQ'}}", /has QQ/],
  ["type=raw,value={{date 'YY' tz='Mars/One'}}", /not a time zone/],
  ['type=raw,value=x,enable=maybe', /enable is true or false/],
  ['type=match,pattern=v(', /Invalid regular expression/],
] as const) {
  test(`${rule} is a mistake`, () => {
    assert.throws(() => tags('v1', [rule]), { name: 'TypeError', message: why });
  });
}

test('flavors that mean nothing are mistakes', () => {
  for (const line of ['latest=maybe', 'onlatest=true', 'sufix=x']) assert.throws(() => readFlavor([line]), TypeError);
});

test('dates have the letters of Moment', () => {
  const at = Date.parse('2026-02-03T04:05:06Z');
  assert.equal(formatDate(at, 'YYYY-MM-DD[T]HH:mm:ss X', 'UTC'), '2026-02-03T04:05:06 1770091506');
  assert.equal(formatDate(at, 'D MMMM YY, H:m', 'America/New_York'), '2 February 26, 23:5');
});
