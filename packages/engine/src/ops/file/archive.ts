// Archives that ADD unpacks: tar, plain or compressed as its first bytes say. gzip and zstd are Node's; for bzip2 and xz
// the machine's own programs run.

import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { decompressed } from '../../pool/decompress.ts';
import { readTar, type TarEntry } from '../../pool/tar-reader.ts';
import { fsPath, type BytePath } from '../../std/byte-path.ts';
import { Failed, failedOf } from '../../std/failed.ts';
import type { FileFailure } from './failure.ts';

/** Whether a file begins as a tar archive does, once it is decompressed. */
export async function isArchive(path: BytePath, signal: AbortSignal): Promise<boolean> {
  try {
    for await (const _first of readArchive(path, signal)) return true;
    return false;
  } catch (error) {
    if (failedOf(error, 'archive-invalid')) return false;
    throw error;
  }
}

/** The entries of an archive. Fails with `archive-invalid` or `decompressor-missing`. */
export async function* readArchive(path: BytePath, signal: AbortSignal): AsyncGenerator<TarEntry> {
  await using file = await open(fsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const start = Buffer.alloc(6);
  const { bytesRead } = await file.read(start, 0, start.length, 0);
  if (bytesRead < start.length) return; // no format is that short
  const program = programFor(start);
  const plain = program
    ? outputOf(program, file, signal)
    : decompressed(file.createReadStream({ start: 0, autoClose: false, highWaterMark: 256 * 1024, signal }));
  yield* readTar(plain);
}

function programFor(start: Buffer): string | undefined {
  if (start.toString('latin1', 0, 3) === 'BZh') return 'bzip2';
  if (start.toString('latin1') === '\xfd7zXZ\0') return 'xz';
  return undefined;
}

/** What a program makes of a file; it is killed when nobody reads on. */
async function* outputOf(program: string, file: FileHandle, signal: AbortSignal): AsyncGenerator<Buffer> {
  const child = spawn(program, ['-d', '-c', '-q'], { stdio: [file.fd, 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // Heard below; meanwhile an early failure must not count as unhandled.
  ended.catch(() => {});
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 1000);
  });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    yield* child.stdout! as AsyncIterable<Buffer>;
    const code = await ended;
    signal.throwIfAborted();
    if (code !== 0) throw damaged(program, complaint);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw programMissing(program, error);
    throw error;
  } finally {
    signal.removeEventListener('abort', kill);
    kill();
  }
}

function damaged(program: string, complaint: string): Failed {
  const message = `the archive cannot be read: ${program} says ${JSON.stringify(complaint.trim())}`;
  return new Failed({ kind: 'archive-invalid', message });
}

function programMissing(program: string, cause: unknown): Failed<FileFailure> {
  const message = `unpacking this archive needs the program ${program}, which is not installed`;
  return new Failed<FileFailure>({ kind: 'decompressor-missing', program, message }, { cause });
}
