import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
  openSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pack } from 'tar-stream';
import { textOf } from '../std/byte-path.ts';
import { failedOf } from '../std/failed.ts';
import { encodeHeader, endOfArchive, padding, type TarHeader } from './layer-tar.ts';
import { readTar, type TarEntry } from './tar-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'tar-reader-'));
after(() => rmSync(folder, { recursive: true, force: true }));

type Read = Omit<TarEntry, 'content'> & { readonly data: string };

/** The entries of an archive, given in chunks of `step` bytes; holes in files read as dots. */
async function read(archive: Buffer, step = 1000): Promise<Read[]> {
  async function* chunks() {
    for (let at = 0; at < archive.length; at += step) yield archive.subarray(at, at + step);
  }
  const entries: Read[] = [];
  for await (const { content, ...entry } of readTar(chunks())) {
    const data = Buffer.alloc(Math.min(entry.size, 1 << 20), '.');
    for await (const { bytes, at } of content()) bytes.copy(data, at);
    entries.push({ ...entry, data: data.toString('latin1') });
  }
  return entries;
}

const plain: TarHeader = { type: 'file', name: 'f', mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 1 };

async function invalid(archive: Buffer): Promise<string> {
  const error = await read(archive).then(
    (entries) => assert.fail(`read ${JSON.stringify(entries)}`),
    (e: unknown) => e,
  );
  const failed = failedOf(error, 'archive-invalid');
  assert.ok(failed, String(error));
  return failed.failure.message;
}

for (const format of ['v7', 'ustar', 'gnu', 'oldgnu', 'posix']) {
  test(`reads what GNU tar writes as ${format}, in chunks of any size`, async () => {
    const root = join(folder, format);
    const name =
      format === 'v7' ? 'short' : format === 'ustar' ? `${'d'.repeat(60)}/${'n'.repeat(90)}` : 'ü'.repeat(110);
    mkdirSync(join(root, 'd'.repeat(60)), { recursive: true });
    writeFileSync(join(root, name), 'content');
    symlinkSync(format === 'gnu' || format === 'posix' ? 'x/'.repeat(100) : 'target', join(root, 'link'));
    const archive = execFileSync('tar', [
      '-C',
      root,
      '--format',
      format,
      '--sort=name',
      '--mtime=@1234567890',
      '-c',
      '.',
    ]);
    for (const step of [1, 511, 512, 100_000]) {
      const entries = await read(archive, step);
      const file = entries.find((entry) => entry.type === 'file');
      assert.equal(textOf(file!.name), `./${name}`);
      assert.deepEqual([file!.data, file!.size, file!.mtime], ['content', 7, 1_234_567_890_000_000_000n]);
      assert.equal(
        entries.find((entry) => entry.type === 'symlink')!.link.length,
        format === 'gnu' || format === 'posix' ? 200 : 6,
      );
      assert.equal(entries[0]!.type, 'folder');
    }
  });
}

for (const version of ['gnu', '0.0', '0.1', '1.0']) {
  test(`reads sparse files of GNU's format ${version}`, async () => {
    const root = join(folder, `sparse-${version}`);
    mkdirSync(root);
    const fd = openSync(join(root, 'file'), 'w');
    // Many parts, so that the old format needs blocks of more map.
    for (let i = 0; i < 40; i++) writeSync(fd, `part ${i}`.padEnd(4096), i * 16384);
    closeSync(fd);
    truncateSync(join(root, 'file'), 700_000);
    writeFileSync(join(root, 'next'), 'next');
    const format = version === 'gnu' ? ['--format=gnu'] : ['--format=posix', `--sparse-version=${version}`];
    const archive = execFileSync('tar', ['-C', root, ...format, '-S', '--sort=name', '-c', 'file', 'next']);
    assert.ok(archive.length < 300_000);
    const [file, next] = await read(archive, 777);
    assert.deepEqual([file!.name, file!.size, file!.sparse], ['file', 700_000, true]);
    for (let i = 0; i < 40; i++) assert.equal(file!.data.slice(i * 16384, i * 16384 + 7), `part ${i}`.padEnd(7));
    assert.equal(file!.data.slice(4096, 4100), '....');
    assert.equal(next!.data, 'next');
  });
}

test('reads numbers in base 256, times with a fraction, and attributes', async () => {
  const header = encodeHeader(plain);
  header.fill(0, 108, 116)[108] = 0x80;
  header.writeUInt32BE(4_000_000_000, 112);
  header.fill(0xff, 136, 148);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((a, b) => a + b, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const [early] = await read(Buffer.concat([header, endOfArchive]));
  assert.deepEqual([early!.uid, early!.mtime], [4_000_000_000, -1_000_000_000n]);

  const stream = pack();
  stream.entry({ name: 'x', pax: { mtime: '12.3456789012', 'SCHILY.xattr.user.a': 'v', uid: '5000000' } }, 'x');
  stream.finalize();
  const [entry] = await read(Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>)));
  assert.deepEqual([entry!.mtime, entry!.uid, entry!.xattrs], [12_345_678_901n, 5_000_000, { 'user.a': 'v' }]);
});

test('an entry whose content nobody reads is passed over', async () => {
  const archive = Buffer.concat([
    encodeHeader({ ...plain, size: 3 }),
    Buffer.from('abc'),
    padding(3),
    encodeHeader({ ...plain, name: 'g' }),
    endOfArchive,
  ]);
  const names = [];
  for await (const entry of readTar(one(archive))) names.push(entry.name);
  assert.deepEqual(names, ['f', 'g']);
});

test('what comes behind the end is read, and is nothing', async () => {
  let read = 0;
  async function* chunks() {
    for (const chunk of [endOfArchive, Buffer.alloc(5000, 'x')]) {
      read += chunk.length;
      yield chunk;
    }
  }
  assert.deepEqual(await Array.fromAsync(readTar(chunks())), []);
  assert.equal(read, 6024);
});

test('archives that are none, damaged or broken off are failures', async () => {
  const file = Buffer.concat([encodeHeader({ ...plain, size: 600 }), Buffer.alloc(1024, 'x'), endOfArchive]);
  assert.match(await invalid(Buffer.alloc(1024, 'hello')), /no tar/);
  assert.match(await invalid(file.subarray(0, 300)), /breaks off/);
  assert.match(await invalid(file.subarray(0, 900)), /breaks off/);
  const damaged = Buffer.from(file);
  damaged[0] = 0x7a;
  assert.match(await invalid(damaged), /damaged/);
  assert.match(await invalid(Buffer.concat([Buffer.alloc(512), file])), /after its end/);
});

test('descriptions of entries are held to their limits', async () => {
  const described = (records: string, type = 'x') => {
    const header = encodeHeader({ ...plain, size: records.length });
    header.write(type, 156, 'latin1');
    header.fill(0x20, 148, 156);
    const sum = header.reduce((a, b) => a + b, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return Buffer.concat([header, Buffer.from(records), padding(records.length), encodeHeader(plain), endOfArchive]);
  };
  assert.match(await invalid(described('9 path=a')), /malformed/);
  assert.match(await invalid(described('99 path=a\n')), /malformed/);
  assert.match(await invalid(described('0 path=a\n')), /malformed/);
  assert.match(await invalid(described('12 path=a\0b\n')), /NUL/);
  assert.match(await invalid(described('10 size=x\n')), /no number/);
  assert.match(await invalid(described('11 size=-1\n')), /negative/);
  assert.match(await invalid(described('14 mtime=soon\n')), /no time/);
  assert.match(await invalid(described('x'.repeat((1 << 20) + 1))), /description/);
  assert.match(
    await invalid(described('22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n26 GNU.sparse.realsize=99\n')),
    /sparse/,
  );
  assert.match(await invalid(described('22 GNU.sparse.map=0,9\n21 GNU.sparse.size=5\n')), /sparse/);
});

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
