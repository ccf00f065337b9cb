// The tar of an OCI image layout, read in place: one pass finds where each file lies, then each is read from there.

import { type FileHandle, open } from 'node:fs/promises';
import { Failed } from '../std/failed.ts';
import type { ContentFailure } from './failure.ts';
import type { LayoutFiles } from './layout.ts';

interface Span {
  readonly at: number;
  readonly size: number;
}

/** Opens the tar file `path`. A compressed one is refused: nothing can be found in it without unpacking all of it. */
export async function openArchive(path: string): Promise<LayoutFiles> {
  const file = await open(path, 'r');
  try {
    const files = await scan(file, path);
    return {
      size: async (name) => files.get(name)?.size,
      open: (name, options) => read(file, files.get(name)!, options),
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* read(file: FileHandle, { at, size }: Span, { signal }: { readonly signal?: AbortSignal } = {}) {
  const end = at + size;
  for (let position = at; position < end;) {
    signal?.throwIfAborted();
    const buffer = Buffer.allocUnsafe(Math.min(256 * 1024, end - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return; // cut short: who reads verifies the size
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function scan(file: FileHandle, path: string): Promise<Map<string, Span>> {
  const { size: total } = await file.stat();
  const malformed = (why: string) =>
    new Failed<ContentFailure>({
      kind: 'content-malformed',
      message: `${path} is not the tar of an OCI image layout: ${why}`,
    });
  const files = new Map<string, Span>();
  const header = Buffer.alloc(512);
  let said: { path?: string; size?: number } = {};
  await file.read(header, 0, 4, 0);
  if (isCompressed(header)) throw malformed('it is compressed; decompress it first');
  for (let at = 0; at + 512 <= total;) {
    await file.read(header, 0, 512, at);
    if (header.every((byte) => byte === 0)) break;
    if (!hasChecksum(header)) throw malformed('a header is broken');
    const flag = String.fromCharCode(header[156]!);
    const size = said.size ?? number(header, 124, 12);
    if (!Number.isSafeInteger(size) || size < 0) throw malformed('a size is out of range');
    const body = { at: at + 512, size };
    at = body.at + Math.ceil(size / 512) * 512;
    if (flag === 'x' || flag === 'L') {
      if (size > 64 * 1024) throw malformed('a name is too long');
      const bytes = Buffer.alloc(size);
      await file.read(bytes, 0, size, body.at);
      said = flag === 'x' ? { ...said, ...paxRecords(bytes) } : { ...said, path: text(bytes, 0, size) };
      continue;
    }
    if (flag === '0' || flag === '\0' || flag === '7') {
      const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : '';
      const name = said.path ?? (prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`);
      files.set(name.replace(/^(?:\.?\/)+/, ''), body);
    }
    if (flag !== 'g') said = {};
  }
  return files;
}

function paxRecords(bytes: Buffer): { path?: string; size?: number } {
  const records: { path?: string; size?: number } = {};
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    if (space < 0 || !(length > space - at)) break;
    const [key, ...value] = bytes.toString('utf8', space + 1, at + length - 1).split('=');
    if (key === 'path') records.path = value.join('=');
    if (key === 'size') records.size = Number(value.join('='));
    at += length;
  }
  return records;
}

function hasChecksum(header: Buffer): boolean {
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i]!;
  return sum === number(header, 148, 8);
}

/** Octal digits, or base 256 where the first bit is set. */
function number(header: Buffer, at: number, length: number): number {
  if (header[at]! & 0x80) {
    let value = header[at]! & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + header[at + i]!;
    return value;
  }
  const digits = text(header, at, length).trim();
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function text(bytes: Buffer, at: number, length: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString('utf8', at, end < 0 || end > at + length ? at + length : end);
}

function isCompressed(start: Buffer): boolean {
  return start.readUInt16BE(0) === 0x1f8b || start.readUInt32BE(0) === 0x28b52ffd;
}
