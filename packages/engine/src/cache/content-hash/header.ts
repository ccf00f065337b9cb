// What BuildKit hashes of an entry before its content: a tar header in the form of Docker's tarsum, version 1, with an
// empty name and without times (SOL-008).

import type { BytePath } from '../../std/byte-path.ts';
import type { NodeKind } from '../tree.ts';

export interface HeaderFields {
  readonly kind: NodeKind;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Counts for files alone. */
  readonly size: number;
  readonly target?: BytePath;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly xattrs?: readonly Xattr[];
}

export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

/** A socket counts as the empty file that it becomes. */
const flags: Readonly<Record<NodeKind, string>> = {
  file: '0',
  socket: '0',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** The bytes that stand for an entry in its digest, before a file's content. */
export function header(fields: HeaderFields): Buffer {
  const { kind, uid, gid, device } = fields;
  const mode = kind === 'symlink' ? 0o777 : fields.mode;
  const size = kind === 'file' ? fields.size : 0;
  const text =
    `namemode${mode}uid${uid}gid${gid}size${size}typeflag${flags[kind]}linkname${fields.target ?? ''}` +
    `unamegnamedevmajor${device?.major ?? 0}devminor${device?.minor ?? 0}`;
  const counted = fields.xattrs?.filter(({ name }) => counts(name)) ?? [];
  if (counted.length === 0) return Buffer.from(text, 'latin1');
  const sorted = [...counted].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return Buffer.concat([
    Buffer.from(text, 'latin1'),
    ...sorted.flatMap(({ name, value }) => [Buffer.from(name), value]),
  ]);
}

function counts(name: string): boolean {
  return name === 'security.capability' || !(name.startsWith('security.') || name.startsWith('system.'));
}
