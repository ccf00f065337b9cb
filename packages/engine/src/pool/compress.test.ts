import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Digester } from '../oci/digest.ts';
import type { Compression } from '../oci/media-type.ts';
import { failedOf } from '../std/failed.ts';
import { BlockWriter } from './block-writer.ts';
import { openCompressor } from './compress.ts';
import { compressionOf, decompressed } from './decompress.ts';

async function all(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}

const decompress = {
  uncompressed: (bytes: Buffer) => bytes,
  gzip: (bytes: Buffer) => gunzipSync(bytes),
  zstd: (bytes: Buffer) => zstdDecompressSync(bytes),
} as const;

async function compress(data: Buffer, compression: Compression, level?: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const output = (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk));
  const digester = new Digester();
  const writer = new BlockWriter(openCompressor({ compression, level, output }), digester);
  // Pieces of odd sizes, as headers and files have.
  for (let at = 0, size = 1; at < data.length; at += size, size = (size * 7 + 3) % 900_001) {
    await writer.put(data.subarray(at, at + size));
  }
  await writer.end();
  assert.equal(digester.digest(), `sha256:${createHash('sha256').update(data).digest('hex')}`);
  return Buffer.concat(chunks);
}

const text = Buffer.from(
  Array.from({ length: 300_000 }, (_, i) => `line ${(i * i) % 9973} of ${Math.imul(i, 2654435761) >>> 20}\n`).join(''),
);
const mixed = Buffer.concat([text, randomBytes(3_000_000), text.subarray(0, 12345)]);

for (const compression of ['uncompressed', 'gzip', 'zstd'] as const) {
  suite(compression, () => {
    test('gives back what went in, blocks or less', async () => {
      for (const data of [mixed, mixed.subarray(0, 1 << 20), mixed.subarray(0, (1 << 20) + 1), text.subarray(0, 10)]) {
        const out = await compress(data, compression);
        assert.ok(decompress[compression](out).equals(data));
        assert.equal(compressionOf(out), compression);
        assert.ok((await all(decompressed(Readable.from([out.subarray(0, 1), out.subarray(1)])))).equals(data));
      }
    });

    test('depends on nothing but what goes in', async () => {
      assert.ok((await compress(mixed, compression)).equals(await compress(mixed, compression)));
    });
  });
}

test('gzip is one member, whose header tells nothing of clock or machine', async () => {
  const out = await compress(mixed, 'gzip');
  assert.equal(out.toString('hex', 0, 10), '1f8b08000000000000ff');
  const { stdout, status } = spawnSync('gzip', ['-lv'], { input: out, encoding: 'utf8' });
  assert.equal(status, 0);
  assert.match(stdout, new RegExp(` ${mixed.length} `));
  // What is found across blocks costs a few bytes a block, not more.
  const whole = spawnSync('gzip', ['-n'], { input: text, maxBuffer: 1 << 30 }).stdout.length;
  assert.ok((await compress(text, 'gzip')).length < whole * 1.02 + 100);
});

test('levels are obeyed', async () => {
  const sample = text.subarray(0, 1 << 20);
  const size = async (compression: Compression, level: number) => (await compress(sample, compression, level)).length;
  assert.ok((await size('gzip', 1)) > (await size('gzip', 9)));
  assert.ok((await size('gzip', 0)) > sample.length);
  assert.ok((await size('zstd', 1)) > (await size('zstd', 15)));
});

for (const compression of ['gzip', 'zstd'] as const) {
  test(`${compression} that is damaged or broken off is a failure`, async () => {
    const out = await compress(text, compression);
    const damaged = Buffer.from(out);
    damaged.fill(0x55, out.length >> 1, (out.length >> 1) + 64);
    for (const bytes of [damaged, out.subarray(0, out.length - 20)]) {
      const error = await all(decompressed(Readable.from([bytes]))).catch((e: unknown) => e);
      assert.ok(failedOf(error, 'archive-invalid'), String(error));
    }
  });
}

test('members and frames behind one another are one stream', async () => {
  for (const compression of ['gzip', 'zstd'] as const) {
    const part = await compress(text.subarray(0, 1000), compression);
    const whole = await all(decompressed(Readable.from([part, part])));
    assert.ok(whole.equals(Buffer.concat([text.subarray(0, 1000), text.subarray(0, 1000)])));
  }
});

test('an empty stream is empty', async () => {
  assert.equal((await all(decompressed(Readable.from([])))).length, 0);
});

test('an error of the source is told as it is', async () => {
  const source = new Readable({
    read() {
      this.destroy(new Error('the line went dead'));
    },
  });
  await assert.rejects(all(decompressed(source)), /the line went dead/);
});
