import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bool,
  bytes,
  byteStrings,
  fromBytes,
  int64,
  mapOf,
  mapOfMessages,
  message,
  nested,
  oneOf,
  presentString,
  repeated,
  string,
  strings,
  toBytes,
  uint32s,
} from './message.ts';

const inner = message({ name: [1, string], count: [2, int64] });
const all = message({
  kind: [2, oneOf('first', 'second')],
  text: [1, string],
  flag: [3, bool],
  data: [4, bytes],
  list: [5, strings],
  blobs: [6, byteStrings],
  numbers: [7, uint32s],
  inner: [8, nested(inner)],
  inners: [9, repeated(inner)],
  map: [10, mapOf(string)],
  messages: [11, mapOfMessages(inner)],
  present: [12, presentString],
});

test('nothing is the defaults', () => {
  assert.deepEqual(fromBytes(all, new Uint8Array()), {
    kind: 'first',
    text: '',
    flag: false,
    data: new Uint8Array(),
    list: [],
    blobs: [],
    numbers: [],
    inner: undefined,
    inners: [],
    map: new Map(),
    messages: new Map(),
    present: undefined,
  });
  assert.equal(toBytes(all, {}).length, 0);
});

test('what is written is read, and stands by its numbers', () => {
  const value = {
    kind: 'second',
    text: 'ä',
    flag: true,
    data: Uint8Array.of(1),
    list: ['a', ''],
    blobs: [Uint8Array.of(2)],
    numbers: [1, 2 ** 31],
    inner: { name: '', count: 0 },
    inners: [{ name: 'x', count: 2 ** 40 }],
    map: new Map([['k', '']]),
    messages: new Map([['m', { name: 'y', count: 1 }]]),
    present: '',
  } as const;
  const written = toBytes(all, value);
  const read = fromBytes(all, written);
  assert.deepEqual(
    {
      ...read,
      data: Uint8Array.from(read.data),
      blobs: read.blobs.map((each) => Uint8Array.from(each)),
      numbers: read.numbers.map((each) => each >>> 0),
    },
    value,
  );
  assert.deepEqual([...written.subarray(0, 6)], [0x0a, 2, 0xc3, 0xa4, 0x10, 1]);
});
