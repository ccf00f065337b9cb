// Caches that GitHub Actions keeps, against a service made by these tests: GitHub's own can't be had here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActionsService, type Access } from '../rig/actions-service.ts';
import { oneStep, Place } from '../rig/machines.ts';

const main: Access = [['refs/heads/main', 3]];
const change: Access = [
  ['refs/heads/change', 3],
  ['refs/heads/main', 1],
];
const [to, from] = [
  ['--cache-to', 'type=gha,mode=max'],
  ['--cache-from', 'type=gha'],
];

for (const version of [1, 2] as const) {
  test(`version ${version} keeps what one run made for the next ones of its branch and of those that may read it`, async () => {
    using place = new Place();
    await using service = await ActionsService.open();
    const first = await place.build('one', to, { env: service.env(version, main) });
    assert.deepEqual([first.steps.length, first.warnings], [2, []]);
    assert.ok(service.keys.every((key) => /^(?:buildkit-blob-1-sha256:|index-buildkit-1-[0-9a-f]{8}#1$)/.test(key)));

    const blobs = service.keys.length;
    const second = await place.build('two', [...to, ...from], { env: service.env(version, change) });
    assert.deepEqual([second.steps, second.warnings], [[], []]);
    assert.equal(second.response.digest, first.response.digest);
    // The branch has an index of its own, over the blobs that its base has.
    assert.equal(service.keys.length, blobs + 1);

    const again = await place.build('two', to, { env: service.env(version, change) });
    assert.deepEqual(again.warnings, []);
    assert.match(service.keys.at(-1)!, /^index-buildkit-1-[0-9a-f]{8}#2$/);

    // Another branch sees neither of them, and another scope nothing.
    const other = await place.build('three', from, { env: service.env(version, [['refs/heads/other', 3]]) });
    assert.match(other.warnings.join(), /left out: .* no branch has one yet with scope=buildkit/);
    assert.equal(other.steps.length, 2);
  });

  test(`version ${version} costs warnings where it refuses or lies, and the steps run`, async () => {
    using place = new Place(oneStep);
    await using service = await ActionsService.open();
    const env = service.env(version, main);
    // Once too many is no refusal.
    service.refuse = { on: /^POST/, status: 429, times: 2 };
    await place.build('one', to, { env });
    assert.ok(service.keys.some((key) => key.startsWith('index-')));

    const late = service.env(version, main, { expires: Date.now() - 1000 });
    const expired = await place.build('two', [...to, ...from], { env: late });
    assert.match(expired.warnings.join('\n'), /left out: .*token ran out[^]*not exported: .*token ran out/);

    service.refuse = { on: /^GET \/storage|^GET .*\/cache$|DownloadURL$/, status: 403, times: 1000 };
    const refused = await place.build('three', from, { env });
    assert.match(refused.warnings.join(), /left out: (?:GET|POST) http:.*: 403 /);
    assert.equal(refused.steps.length, 1);
    service.refuse = undefined;

    const readOnly = await place.build('four', [...to, ...from], {
      env: service.env(version, [['refs/heads/main', 1]]),
    });
    assert.match(readOnly.warnings.join(), /not exported: .*may write to no branch/);
    assert.deepEqual(readOnly.steps, []);

    service.corrupt(/^buildkit-blob/);
    const lied = await place.build('five', from, { env });
    assert.match(lied.warnings.join(), /a result cannot be taken from this cache.*content is not what was promised/);
    assert.equal(lied.steps.length, 1);
    const told = [expired, refused, readOnly, lied].flatMap(({ warnings }) => warnings).join('\n');
    assert.ok(!/sig=|secret/.test(told), told);
  });
}

test('which blobs are there is asked once of GitHub where there is a token for it', async () => {
  using place = new Place();
  await using service = await ActionsService.open();
  const env = service.env(2, main);
  const listed = ['--cache-to', 'type=gha,mode=max,repository=team/shop,ghtoken=github-token'];
  await place.build('one', listed, { env });
  const sent = service.keys.length;
  service.log.length = 0;
  const { warnings } = await place.build('one', listed, { env });
  assert.deepEqual(warnings, []);
  assert.equal(service.keys.length, sent + 1);
  assert.deepEqual(
    service.log.map((line) => line.replace(/^(\w+) .*\//, '$1 ').replace(/ \d+$/, ' N')),
    ['GET caches', 'POST GetCacheEntryDownloadURL', 'POST CreateCacheEntry', 'PUT N', 'POST FinalizeCacheEntryUpload'],
  );
});

test('addresses that ran out are asked for anew, and many pieces make a blob', async () => {
  for (const version of [1, 2] as const) {
    using place = new Place({ Dockerfile: 'FROM scratch\nCOPY large /', large: 'x'.repeat(17 * 1024 * 1024) });
    await using service = await ActionsService.open();
    const env = service.env(version, main);
    const plain = ['--cache-to', 'type=gha,compression=uncompressed'];
    await place.build('one', plain, { env });
    const pieces = service.log.filter((line) => /^PATCH|^PUT .*block$/.test(line));
    assert.equal(pieces.length, 2 + (version === 1 ? 1 : 0));
    service.refuse = { on: /^GET \/storage/, status: 403, times: 1 };
    const { ran, warnings } = await place.build('two', from, { env });
    assert.deepEqual([ran.filter((name) => name.includes('COPY')), warnings], [[], []]);
  }
});

test('outside of a workflow there is no such cache, and that is told', async () => {
  using place = new Place({ Dockerfile: 'FROM scratch\nCOPY input /', input: 'text' });
  const none = { ACTIONS_RUNTIME_TOKEN: '', ACTIONS_RESULTS_URL: '', ACTIONS_CACHE_URL: '' };
  const { warnings, response } = await place.build('one', [...to, ...from], { env: none });
  assert.equal(warnings.filter((each) => /ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL/.test(each)).length, 2);
  assert.ok(response.digest);
});
