import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import { failedOf } from '../std/failed.ts';
import { cacheConfigJson, goTime, readCacheConfig } from './cache-config.ts';

const [a, b, c] = [digestOf('a'), digestOf('b'), digestOf('c')];

test('a config is written as Go writes it, and read again', () => {
  const config = {
    layers: [{ blob: a }, { blob: b, parent: 0 }, { blob: c, parent: 1 }],
    records: [
      { digest: a, inputs: [], results: [] },
      {
        digest: b,
        inputs: [[{ link: 0 }, { link: 0, selector: c }]],
        results: [{ layers: [0, 1, 2], createdAt: Date.UTC(2024, 0, 2, 3, 4, 5, 60) }],
      },
    ],
  };
  const text = cacheConfigJson(config).toString();
  assert.equal(
    text,
    `{"layers":[{"blob":"${a}","parent":-1},{"blob":"${b}"},{"blob":"${c}","parent":1}],` +
      `"records":[{"digest":"${a}"},{"layers":[{"layer":2,"createdAt":"2024-01-02T03:04:05.06Z"}],"digest":"${b}",` +
      `"inputs":[[{"link":0},{"selector":"${c}","link":0}]]}]}`,
  );
  assert.deepEqual(readCacheConfig(Buffer.from(text)), config);
});

test('times have no more digits than they need', () => {
  assert.equal(goTime(Date.UTC(2024, 0, 1)), '2024-01-01T00:00:00Z');
  assert.equal(goTime(Date.UTC(2024, 0, 1, 0, 0, 10, 100)), '2024-01-01T00:00:10.1Z');
});

test('chains name their layers themselves, and times may have nanoseconds', () => {
  const chains = [{ layers: [1, 0], createdAt: '2024-01-01T00:00:00.123456789Z' }];
  const json = {
    layers: [
      { blob: a, parent: -1 },
      { blob: b, parent: -1 },
    ],
    records: [{ digest: c, chains }],
  };
  const { records } = readCacheConfig(Buffer.from(JSON.stringify(json)));
  assert.deepEqual(records[0]?.results, [{ layers: [1, 0], createdAt: Date.UTC(2024, 0, 1, 0, 0, 0, 123) }]);
});

test('what is no config is refused, whatever is wrong with it', () => {
  const wrong: unknown[] = [
    [],
    { layers: {} },
    { layers: [{ blob: 'sha256:short' }] },
    { layers: [{ blob: a, parent: 1 }] },
    { layers: [{ blob: a }], records: [{ digest: a, layers: [{ layer: 0 }] }] }, // its own parent
    { records: [{ digest: a, layers: [{ layer: 0 }] }] },
    { records: [{ digest: a, inputs: [[{ link: 1 }]] }] },
    { records: [{ digest: a, inputs: [[{ link: -1 }]] }] },
    { records: [{ digest: a, inputs: [[]] }] },
    { records: [{ digest: a, inputs: [[null]] }] },
  ];
  for (const text of ['', 'null', ...wrong.map((each) => JSON.stringify(each))]) {
    assert.throws(
      () => readCacheConfig(Buffer.from(text)),
      (error) => failedOf(error, 'cache-malformed') !== undefined,
      text,
    );
  }
});

test('layers carry what a manifest says elsewhere, as Go writes it', () => {
  const notes = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', diffId: b, size: 7 };
  const layers = [
    { blob: a, notes: { ...notes, createdAt: Date.UTC(2024, 0, 1) } },
    { blob: c, parent: 0, notes },
  ];
  const text = cacheConfigJson({ layers, records: [] }).toString();
  const said = `"mediaType":"${notes.mediaType}","diffID":"${b}","size":7,"createdAt"`;
  assert.equal(
    text,
    `{"layers":[{"blob":"${a}","parent":-1,"annotations":{${said}:"2024-01-01T00:00:00Z"}},` +
      `{"blob":"${c}","annotations":{${said}:"0001-01-01T00:00:00Z"}}]}`,
  );
  assert.deepEqual(readCacheConfig(Buffer.from(text)).layers, layers);
  for (const wrong of [{ diffID: 'x' }, { size: -1 }, { mediaType: 1 }]) {
    const said = { mediaType: 'x', diffID: b, size: 1, ...wrong };
    const json = JSON.stringify({ layers: [{ blob: a, parent: -1, annotations: said }] });
    assert.throws(() => readCacheConfig(Buffer.from(json)), /malformed/);
  }
});
