import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedOf } from '../std/failed.ts';
import { compareUtf8, decode, encode, Reader, Writer, type Read } from './wire.ts';

/** The bytes that some calls write, in hex. */
function written(write: (writer: Writer) => void): string {
  return Buffer.from(encode(undefined, write)).toString('hex');
}

function read<T>(hex: string, read: Read<T>): T {
  return decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'), read);
}

test('integers are varints, negative ones of ten bytes', () => {
  const table: readonly (readonly [number | bigint, string])[] = [
    [0, ''],
    [0n, ''],
    [1, '0801'],
    [127, '087f'],
    [128, '088001'],
    [300, '08ac02'],
    [2 ** 31 - 1, '08ffffffff07'],
    [2 ** 31, '088080808008'],
    [Number.MAX_SAFE_INTEGER, '08ffffffffffffff0f'],
    [-1, '08ffffffffffffffffff01'],
    [-2, '08feffffffffffffffff01'],
    [-(2 ** 31), '0880808080f8ffffffff01'],
    [2n ** 63n - 1n, '08ffffffffffffffff7f'],
    [-(2n ** 63n), '0880808080808080808001'],
    [2n ** 64n - 1n, '08ffffffffffffffffff01'],
  ];
  for (const [value, hex] of table) {
    assert.equal(
      written((writer) => writer.int(1, value)),
      hex,
      String(value),
    );
    if (hex === '') continue;
    const signed = BigInt.asIntN(64, BigInt(value));
    const one = <T>(get: (reader: Reader) => T) => read(hex, (reader) => (reader.next(), get(reader)));
    assert.equal(
      one((reader) => reader.bigint64()),
      signed,
    );
    assert.equal(
      one((reader) => reader.int32()),
      Number(BigInt.asIntN(32, signed)),
    );
    assert.equal(
      one((reader) => reader.uint32()),
      Number(BigInt.asUintN(32, signed)),
    );
    assert.equal(
      one((reader) => reader.bool()),
      true,
    );
    if (Number.isSafeInteger(Number(signed)))
      assert.equal(
        one((reader) => reader.int64()),
        Number(signed),
      );
    else assert.throws(() => one((reader) => reader.int64()), isMalformed);
  }
});

test('numbers that do not fit are not written', () => {
  for (const value of [1.5, Number.NaN, Infinity, 2 ** 53, 2n ** 64n, -(2n ** 63n) - 1n]) {
    assert.throws(() => written((writer) => writer.int(1, value)), isUnwritable, String(value));
  }
});

test('strings of all lengths and alphabets come back', () => {
  const texts = [
    'a',
    'ü',
    '€',
    '😀',
    'a'.repeat(63),
    'a'.repeat(64),
    'ü'.repeat(40),
    'x'.repeat(127),
    'y'.repeat(5000),
  ];
  for (const text of texts) {
    const bytes = encode(text, (writer, text) => writer.string(3, text));
    const length = Buffer.byteLength(text);
    assert.equal(bytes.length, 1 + (length < 128 ? 1 : 2) + length);
    assert.equal(
      decode(bytes, (reader) => (reader.next(), reader.string())),
      text,
    );
  }
  assert.throws(() => written((writer) => writer.string(1, '\ud800')), isUnwritable);
  assert.throws(() => written((writer) => writer.string(1, `${'x'.repeat(100)}\udc00`)), isUnwritable);
});

test('defaults are left out unless they are asked for', () => {
  const all = (writer: Writer) => {
    writer.int(1, 0);
    writer.bool(2, false);
    writer.string(3, '');
    writer.bytes(4, new Uint8Array());
    writer.strings(5, []);
    writer.packed(6, []);
    writer.message(7, undefined, () => undefined);
    writer.double(8, 0);
    writer.map(9, [], () => undefined);
  };
  assert.equal(written(all), '');
  assert.equal(
    written((writer) => writer.intAlways(2, 0)),
    '1000',
  );
  assert.equal(
    written((writer) => writer.strings(5, ['', 'a'])),
    '2a002a0161',
  );
  assert.equal(
    written((writer) => writer.message(11, {}, () => undefined)),
    '5a00',
  );
  assert.equal(
    written((writer) => writer.double(8, 1)),
    '41000000000000f03f',
  );
});

test('nested messages of any length carry their length', () => {
  for (const length of [0, 1, 124, 125, 126, 127, 128, 16_380, 16_384, 70_000]) {
    const inner = Buffer.alloc(length, 'z');
    const bytes = encode(inner, (writer, inner) =>
      writer.message(1, inner, (writer, inner) => writer.message(2, inner, (writer, inner) => writer.bytes(3, inner))),
    );
    const back = decode(bytes, (outer) => {
      outer.next();
      return outer.message((middle) => {
        middle.next();
        return middle.message((reader) => (reader.next() ? reader.bytes() : new Uint8Array()));
      });
    });
    assert.deepEqual(Buffer.from(back), inner);
  }
});

test('maps are sorted by their keys’ bytes, keys and values never left out', () => {
  const entries = new Map([
    ['b', ''],
    ['', 'x'],
    ['\u{10000}', '2'],
    ['\uffff', '1'],
    ['a', '0'],
  ]);
  const bytes = encode(entries, (writer, entries) => writer.stringMap(1, entries));
  const keys: string[] = [];
  const back = decode(bytes, (reader) => {
    const map = new Map<string, string>();
    while (reader.next()) reader.stringEntry(map);
    keys.push(...map.keys());
    return map;
  });
  assert.deepEqual(keys, ['', 'a', 'b', '\uffff', '\u{10000}']);
  assert.deepEqual(back, new Map(keys.map((key) => [key, entries.get(key)!])));
  assert.equal(
    written((writer) => writer.stringMap(1, [['', '']])),
    '0a040a001200',
  );
});

test('an entry without key or value has the defaults', () => {
  const map = new Map<string, string>();
  read('0a00 0a03 12 01 61', (reader) => {
    while (reader.next()) reader.stringEntry(map);
  });
  assert.deepEqual(map, new Map([['', 'a']]));
});

test('repeated numbers are read packed and unpacked', () => {
  const numbers: number[] = [];
  read('0a0401ac0205 0807 0a00', (reader) => {
    while (reader.next()) reader.int64s(numbers);
  });
  assert.deepEqual(numbers, [1, 300, 5, 7]);
});

test('unknown fields of every wire type are skipped', () => {
  const unknown = '10ac02 19 0102030405060708 2203616263 2d 01020304 33 0801 3b 0802 3c 34';
  const name = read(`${unknown} 0a0161 ${unknown}`, (reader) => {
    let name = '';
    while (reader.next()) if (reader.field === 1) name = reader.string();
    return name;
  });
  assert.equal(name, 'a');
});

test('what is not well formed is refused', () => {
  const table: Readonly<Record<string, string>> = {
    'a tag that is cut off': '80',
    'a varint that is cut off': '0880',
    'a varint of eleven bytes': '08ffffffffffffffffffff01',
    'a varint beyond 64 bits': '08ffffffffffffffffff02',
    'field number 0': '0001',
    'a field number beyond 29 bits': '88808080 8001 01',
    'a length past the end': '0a05 6161',
    'a length of 2^63': '0affffffffffffffff7f 61',
    'text that is not UTF-8': '0a02 c328',
    'an overlong form': '0a02 c080',
    'a surrogate in UTF-8': '0a03 eda080',
    'wire type 6': '0e',
    'wire type 7': '0f',
    'a fixed64 that is cut off': '11 0102',
    'a fixed32 that is cut off': '15 01',
    'a group without an end': '1b 0801',
    'the end of another group': '1b 24',
    'an end without a group': '1c',
    'a string as a varint': '0801',
  };
  for (const [what, hex] of Object.entries(table)) {
    assert.throws(
      () =>
        read(hex, (reader) => {
          while (reader.next()) if (reader.field === 1) reader.string();
        }),
      isMalformed,
      what,
    );
  }
  const packed = (hex: string) =>
    read(hex, (reader) => {
      while (reader.next()) reader.int32s([]);
    });
  assert.throws(() => packed('0a01 80 01'), isMalformed, 'a packed number past its length');
});

test('messages that nest without end are refused, not run into', () => {
  let bytes: Uint8Array = new Uint8Array();
  for (let i = 0; i < 5000; i++) bytes = encode(bytes, (writer, bytes) => writer.bytesAlways(1, bytes));
  const deep = (reader: Reader): number => (reader.next() ? 1 + reader.message(deep) : 0);
  assert.throws(() => decode(bytes, deep), isMalformed);
  assert.throws(() => read('0b'.repeat(5000), (reader) => reader.next() && reader.next()), isMalformed);
});

test('a writer that failed is clean again', () => {
  assert.throws(() => written((writer) => (writer.string(1, 'rest'), writer.string(2, '\ud800'))), isUnwritable);
  for (let i = 0; i < 10; i++)
    assert.equal(
      written((writer) => writer.string(1, 'a')),
      '0a0161',
    );
});

test('messages can be encoded while another is', () => {
  const hex = written((writer) =>
    writer.bytes(
      1,
      encode('a', (inner, text) => inner.string(2, text)),
    ),
  );
  assert.equal(hex, '0a03120161');
});

test('strings are ordered by their UTF-8', () => {
  const texts = [
    '',
    'a',
    'ab',
    'b',
    'é',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '\u{10ffff}',
    'a\u{10000}',
    'a\uffff',
  ];
  const byBytes = texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(texts.toSorted(compareUtf8), byBytes);
  assert.equal(compareUtf8('same', 'same'), 0);
});

function isMalformed(error: unknown): boolean {
  return failedOf(error, 'proto-malformed') !== undefined;
}

function isUnwritable(error: unknown): boolean {
  return failedOf(error, 'proto-unwritable') !== undefined;
}
