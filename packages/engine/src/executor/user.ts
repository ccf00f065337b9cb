// Who a process runs as: `user[:group]` by the container's own /etc/passwd and /etc/group, as Docker reads them.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { Failed } from '../std/failed.ts';
import { openInRoot } from '../sys/openat2.ts';
import type { ExecutorFailure } from './failure.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

const maxId = 2 ** 31 - 1;
const maxFileSize = 10 * 1024 * 1024;

/** Resolves `user[:group]` in the tree at `root`; '' is root. Throws `user-unknown`. */
export function resolveUser(root: string, spec: string): User {
  return (
    numericUser(spec) ??
    lookUpUser(spec, { passwd: userFile(root, '/etc/passwd'), group: userFile(root, '/etc/group') })
  );
}

/** `uid:gid` needs no file, and gets no supplementary groups. `root` is a number here. */
function numericUser(spec: string): User | undefined {
  const parsed = /^(\d+|root):(\d+|root)$/.exec(spec);
  if (!parsed) return undefined;
  const [uid, gid] = parsed.slice(1).map((id) => (id === 'root' ? 0 : Number(id))) as [number, number];
  return uid < 2 ** 32 && gid < 2 ** 32 ? { uid, gid, groups: [] } : undefined;
}

/** The text of the two files, undefined where there is none. */
export function lookUpUser(
  spec: string,
  { passwd, group }: { readonly passwd: string | undefined; readonly group: string | undefined },
): User {
  const [userName = '', groupName = ''] = spec.split(':');
  const uid = userName === '' ? 0 : numericId(userName, spec);
  const gid = numericId(groupName, spec);

  const entry = records(passwd).find(([name, , id]) =>
    uid === undefined ? name === userName : Number.parseInt(id ?? '', 10) === uid,
  );
  if (!entry && uid === undefined) unknown(spec, `unable to find user ${userName}: no matching entries in passwd file`);
  const name = entry?.[0];
  const primary = entry ? idOf(entry[3]) : 0;

  const groups = records(group);
  if (groupName === '') {
    const member = groups.filter(([, , , members]) => name && members?.split(',').includes(name));
    return { uid: entry ? idOf(entry[2]) : uid!, gid: primary, groups: member.map(([, , id]) => idOf(id)) };
  }
  const chosen = groups.find(([name, , id]) =>
    gid === undefined ? name === groupName : Number.parseInt(id ?? '', 10) === gid,
  );
  if (!chosen && gid === undefined)
    unknown(spec, `unable to find group ${groupName}: no matching entries in group file`);
  return { uid: entry ? idOf(entry[2]) : uid!, gid: chosen ? idOf(chosen[2]) : gid!, groups: [] };
}

function numericId(text: string, spec: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id < 0 || id > maxId) unknown(spec, `uids and gids must be in range 0-${maxId}`);
  return id;
}

function unknown(user: string, message: string): never {
  throw new Failed<ExecutorFailure>({ kind: 'user-unknown', user, message });
}

const records = (text: string | undefined): string[][] =>
  (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => line.split(':'));

/** A field that is no number counts as 0, as in Docker. */
const idOf = (text: string | undefined): number => (/^[+-]?\d+$/.test(text ?? '') ? Number(text) : 0);

/** The tree is an image's: its /etc/passwd may be a symlink, a pipe or a gigabyte. */
function userFile(root: string, path: string): string | undefined {
  const folder = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const file = openInRoot(folder, path, { flags: constants.O_RDONLY | constants.O_NONBLOCK });
    try {
      const stats = fstatSync(file);
      return stats.isFile() && stats.size <= maxFileSize ? readFileSync(file, 'utf8') : undefined;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (absent.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  } finally {
    closeSync(folder);
  }
}

const absent = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);
