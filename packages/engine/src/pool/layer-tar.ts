// Tar headers as Go's archive/tar writes them for containerd: USTAR while everything fits, else PAX records in front. A
// layer's digest hangs on every byte of this.

import { type BytePath, isAscii } from '../std/byte-path.ts';

/** The type flags that layers use. */
export type EntryType = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'folder' | 'fifo';

export interface TarHeader {
  readonly type: EntryType;
  /** No slash in front; folders' end in one. */
  readonly name: BytePath;
  /** Twelve bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes that follow; 0 unless it is a file. */
  readonly size: number;
  /** Whole seconds since the epoch. */
  readonly mtime: number;
  /** What a link or symlink names. */
  readonly link?: BytePath;
  readonly major?: number;
  readonly minor?: number;
  /** Extended attributes by name. */
  readonly xattrs?: Readonly<Record<string, BytePath>>;
}

const flags: Readonly<Record<EntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  folder: '5',
  fifo: '6',
};

/** Everything of an entry but its content: one block, or three and more where records are needed. */
export function encodeHeader(header: TarHeader): Buffer {
  const records = paxRecords(header);
  const split = splitName(header.name);
  if (records.length === 0 || (records.length === 1 && split !== undefined)) return block(header, split);
  const data = records.join('');
  const padded = Math.ceil(data.length / 512) * 512;
  const buffer = Buffer.alloc(512 + padded + 512);
  recordsHeader(buffer, header.name, data.length);
  buffer.write(data, 512, 'latin1');
  // Beside records nothing is split: the name is cut where it is too long, for readers that know no records.
  block({ ...header, name: ascii(header.name), ...(header.link !== undefined && { link: ascii(header.link) }) }).copy(
    buffer,
    512 + padded,
  );
  return buffer;
}

/** What ends an archive. */
export const endOfArchive = Buffer.alloc(1024);

/** The zeros that fill up the last block of `size` bytes. */
export function padding(size: number): Buffer {
  return endOfArchive.subarray(0, (512 - (size % 512)) % 512);
}

/** The records that say what USTAR's plain fields cannot, in the order of their keys. */
function paxRecords(header: TarHeader): string[] {
  const records: Record<string, string> = {};
  if (!isAscii(header.name) || header.name.length > 100) records.path = header.name;
  const { link } = header;
  if (link !== undefined && (!isAscii(link) || link.length > 100)) records.linkpath = link;
  if (!fitsOctal(header.uid, 8)) records.uid = String(header.uid);
  if (!fitsOctal(header.gid, 8)) records.gid = String(header.gid);
  if (!fitsOctal(header.size, 12)) records.size = String(header.size);
  if (!fitsOctal(header.mtime, 12)) records.mtime = String(header.mtime);
  for (const [name, value] of Object.entries(header.xattrs ?? {})) records[`SCHILY.xattr.${name}`] = value;
  const keys = Object.keys(records).sort();
  return keys.map((key) => record(key, records[key]!));
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function record(key: string, value: BytePath): string {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length + rest !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** USTAR's two fields of a long name: at most 155 bytes up to a slash, and at most 100 after it. */
function splitName(name: BytePath): { readonly prefix: BytePath; readonly name: BytePath } | undefined {
  if (name.length <= 100 || !isAscii(name)) return undefined;
  let length = name.length;
  if (length > 156) length = 156;
  else if (name.endsWith('/')) length--;
  const slash = name.lastIndexOf('/', length - 1);
  const rest = name.length - slash - 1;
  if (slash <= 0 || slash > 155 || rest === 0 || rest > 100) return undefined;
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) };
}

function block(header: TarHeader, split?: { readonly prefix: BytePath; readonly name: BytePath }): Buffer {
  const buffer = Buffer.alloc(512);
  text(buffer, split?.name ?? header.name, { at: 0, length: 100 });
  octal(buffer, header.mode, { at: 100, length: 8 });
  octal(buffer, header.uid, { at: 108, length: 8 });
  octal(buffer, header.gid, { at: 116, length: 8 });
  octal(buffer, header.size, { at: 124, length: 12 });
  octal(buffer, header.mtime, { at: 136, length: 12 });
  text(buffer, flags[header.type], { at: 156, length: 1 });
  if (header.link !== undefined) text(buffer, header.link, { at: 157, length: 100 });
  octal(buffer, header.major ?? 0, { at: 329, length: 8 });
  octal(buffer, header.minor ?? 0, { at: 337, length: 8 });
  if (split !== undefined) text(buffer, split.prefix, { at: 345, length: 155 });
  return finish(buffer);
}

/** The header in front of records: named after the entry they are for. */
function recordsHeader(buffer: Buffer, name: BytePath, size: number): void {
  const slash = name.lastIndexOf('/');
  const folder = name.slice(0, slash + 1).replace(/\/+$/, '');
  const path = [folder, 'PaxHeaders.0', name.slice(slash + 1)].filter((part) => part !== '').join('/');
  text(buffer, ascii(path).slice(0, 100).replace(/\/+$/, ''), { at: 0, length: 100 });
  for (const at of [100, 108, 116]) octal(buffer, 0, { at, length: 8 });
  octal(buffer, size, { at: 124, length: 12 });
  octal(buffer, 0, { at: 136, length: 12 });
  text(buffer, 'x', { at: 156, length: 1 });
  finish(buffer.subarray(0, 512));
}

function finish(buffer: Buffer): Buffer {
  buffer.write('ustar\x0000', 257, 'latin1');
  buffer.fill(0x20, 148, 156);
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += buffer[i]!;
  octal(buffer, sum, { at: 148, length: 7 });
  return buffer;
}

interface Field {
  readonly at: number;
  readonly length: number;
}

function text(buffer: Buffer, value: BytePath, { at, length }: Field): void {
  buffer.write(value, at, length, 'latin1');
  // A file's name that was cut behind a slash would read as a folder's.
  if (value.length > length && buffer[at + length - 1] === 0x2f) {
    buffer[at + value.slice(0, length - 1).replace(/\/+$/, '').length] = 0;
  }
}

/** Zeros in front, a NUL behind; what does not fit is 0, and a record says it. */
function octal(buffer: Buffer, value: number, { at, length }: Field): void {
  const fitting = fitsOctal(value, length) ? value : 0;
  buffer.write(fitting.toString(8).padStart(length - 1, '0'), at, 'latin1');
  buffer[at + length - 1] = 0;
}

function fitsOctal(value: number, length: number): boolean {
  return value >= 0 && value < 8 ** (length - 1);
}

function ascii(path: BytePath): BytePath {
  // oxlint-disable-next-line no-control-regex
  return isAscii(path) ? path : path.replace(/[\0\x80-\xff]/g, '');
}
