// Where secrets and sockets lie while a container uses them: a file system in memory that only root can enter.

import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { SystemError } from '../sys/library.ts';
import { mount, mountFlags, unmount, unmountFlags } from '../sys/mount.ts';

export interface Owned {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}

/** Something in the vault; disposing takes it away. */
export interface Kept extends AsyncDisposable {
  readonly path: string;
}

export class Vault implements Disposable {
  readonly #folder: string;

  /** Mounts a new one at `folder`, which it makes. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { mode: 0o700 });
    const flags = mountFlags.nosuid | mountFlags.nodev;
    try {
      mount('tmpfs', folder, { type: 'tmpfs', flags, data: 'mode=0700,noswap' });
    } catch (error) {
      // `noswap` needs Linux 6.4, and swap to be the machine's own.
      if (!['EINVAL', 'EPERM'].includes((error as SystemError).code)) throw error;
      mount('tmpfs', folder, { type: 'tmpfs', flags, data: 'mode=0700' });
    }
  }

  /** Holds a secret under a name that says nothing. */
  secret(data: Uint8Array, { uid, gid, mode }: Owned): Kept {
    const path = this.#newPath();
    writeFileSync(path, data, { mode: 0o600, flag: 'wx' });
    chownSync(path, uid, gid);
    chmodSync(path, mode & 0o777);
    return { path, [Symbol.asyncDispose]: async () => unlinkSync(path) };
  }

  /** A socket of the asked owner and mode that leads to `target`, which is left as it is. */
  async socket(target: string, { uid, gid, mode }: Owned): Promise<Kept> {
    const path = this.#newPath();
    const open = new Set<Socket>();
    const server = createServer((here) => {
      const there = connectShort(target);
      for (const [socket, other] of [
        [here, there],
        [there, here],
      ] as const) {
        open.add(socket);
        socket.pipe(other);
        // An agent that hangs up, or is not there, is the client's to see: its connection ends.
        socket.once('error', () => other.destroy());
        socket.once('close', () => {
          open.delete(socket);
          other.end();
        });
      }
    });
    const short = shortPath(path);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(short.path, () => {
        server.off('error', reject);
        resolve();
      });
    });
    chownSync(path, uid, gid);
    chmodSync(path, mode & 0o777);
    return {
      path,
      [Symbol.asyncDispose]: async () => {
        await new Promise<void>((resolve) => {
          server.close(() => resolve());
          for (const socket of open) socket.destroy();
        });
        short[Symbol.dispose]();
      },
    };
  }

  [Symbol.dispose](): void {
    unmount(this.#folder, unmountFlags.detach);
    rmdirSync(this.#folder);
  }

  #newPath(): string {
    return join(this.#folder, randomBytes(12).toString('hex'));
  }
}

/** The address of a unix socket holds 107 bytes; through its folder's descriptor any path is short. */
function shortPath(path: string): { readonly path: string } & Disposable {
  const folder = openSync(dirname(path), 'r');
  return { path: `/proc/self/fd/${folder}/${basename(path)}`, [Symbol.dispose]: () => closeSync(folder) };
}

function connectShort(path: string): Socket {
  let short;
  try {
    short = shortPath(path);
  } catch (error) {
    return new Socket().destroy(error as Error);
  }
  const socket = connect(short.path);
  socket.once('close', () => short[Symbol.dispose]());
  return socket;
}
