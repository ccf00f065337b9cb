import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect } from '../std/collect.ts';
import { indexKey, writeIndex } from './gha-index.ts';
import type { GhaEntries } from './gha-service.ts';

const key = indexKey('buildkit', 'refs/heads/main');
const { signal } = new AbortController();

/** Entries by key; `taken` are reserved by somebody who has not finished. */
class Entries implements GhaEntries {
  readonly taken = new Set<string>();
  readonly written: string[] = [];
  looks = 0;
  onLook = () => {};

  async find(prefix: string) {
    this.looks++;
    this.onLook();
    const found = this.written.findLast((each) => each.startsWith(prefix));
    return found === undefined ? undefined : { key: found, url: '' };
  }
  async reserve(wanted: string) {
    if (this.taken.has(wanted) || this.written.includes(wanted)) return undefined;
    return {
      send: async (bytes: AsyncIterable<Uint8Array>, { size }: { readonly size: number }) => {
        assert.equal((await collect(bytes, 100)).length, size);
        this.written.push(wanted);
      },
    };
  }
}

test('each index follows the newest one', async () => {
  const entries = new Entries();
  for (let i = 0; i < 11; i++) await writeIndex(Buffer.from('index'), key, { entries, signal });
  assert.equal(entries.written.at(-1), `${key}11`);
});

test('a number that somebody is writing is waited for, and theirs is followed', async () => {
  const entries = new Entries();
  entries.taken.add(`${key}1`);
  entries.onLook = () => {
    if (entries.looks === 3) entries.written.push(`${key}1`);
  };
  await writeIndex(Buffer.from('index'), key, { entries, signal, pause: 0 });
  assert.deepEqual(entries.written, [`${key}1`, `${key}2`]);
});

test('numbers that somebody took and left are passed over in the end', async () => {
  const entries = new Entries();
  entries.taken.add(`${key}1`).add(`${key}2`);
  await writeIndex(Buffer.from('index'), key, { entries, signal, pause: 0 });
  assert.deepEqual(entries.written, [`${key}3`]);
});

test('an index that is none of ours is not followed', async () => {
  const entries = new Entries();
  entries.written.push(`${key}x`);
  await assert.rejects(writeIndex(Buffer.from('index'), key, { entries, signal }), /has the key index-buildkit/);
});
