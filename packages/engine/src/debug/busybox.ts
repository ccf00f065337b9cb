// A shell for trees that have none: the machine's own static busybox, with a name for each of its programs.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, openSync, readSync, closeSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Failed } from '../std/failed.ts';
import type { DebugFailure } from './failure.ts';

/** Where it is in a container. */
export const busyboxFolder = '/.monokit/bin';

/** Fills the folder `path`, which it makes, with busybox and its programs. Fails with `no-busybox`. */
export function makeBusyboxFolder(path: string, env: Readonly<Record<string, string | undefined>>): void {
  const program = findBusybox(env);
  mkdirSync(path, { mode: 0o755 });
  copyFileSync(program, join(path, 'busybox'));
  for (const each of [path, join(path, 'busybox')]) chmodSync(each, 0o755);
  const listed = execFileSync(program, ['--list'], { encoding: 'utf8' }).split('\n');
  for (const name of listed) {
    if (/^[\w[.-]+$/.test(name) && name !== 'busybox') symlinkSync('busybox', join(path, name));
  }
}

function findBusybox(env: Readonly<Record<string, string | undefined>>): string {
  const folders = [...(env['PATH'] ?? '').split(':').filter((each) => each.startsWith('/')), '/usr/bin', '/bin'];
  const found = folders.map((folder) => join(folder, 'busybox')).filter(isThere);
  const program = found.find(isStatic);
  if (program !== undefined) return program;
  const lacks = found.length === 0 ? 'there is no busybox' : `${found[0]} needs libraries that the tree may lack`;
  const message = `the tree has no shell, and on this machine ${lacks}: install a static one (Debian: apt-get install busybox-static), or name a program of the tree after --`;
  throw new Failed<DebugFailure>({ kind: 'no-busybox', message });
}

function isThere(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && stats.isFile() && (stats.mode & 0o111) !== 0;
}

/** Whether it is a program of the ELF format that no interpreter loads (elf(5): no segment is of type PT_INTERP). */
function isStatic(path: string): boolean {
  const head = Buffer.alloc(64);
  const fd = openSync(path, 'r');
  try {
    if (readSync(fd, head, 0, 64, 0) < 52 || head.toString('latin1', 0, 4) !== '\x7fELF') return false;
    const [wide, little] = [head[4] === 2, head[5] === 1];
    const short = (at: number) => (little ? head.readUInt16LE(at) : head.readUInt16BE(at));
    const word = (from: Buffer, at: number) => (little ? from.readUInt32LE(at) : from.readUInt32BE(at));
    const long = (at: number) => Number(little ? head.readBigUInt64LE(at) : head.readBigUInt64BE(at));
    const start = wide ? long(32) : word(head, 28);
    const [size, count] = wide ? [short(54), short(56)] : [short(42), short(44)];
    const segments = Buffer.alloc(size * count);
    if (size < 4 || readSync(fd, segments, 0, segments.length, start) < segments.length) return false;
    for (let i = 0; i < count; i++) if (word(segments, i * size) === ptInterp) return false;
    return true;
  } finally {
    closeSync(fd);
  }
}

const ptInterp = 3;
