import { closeSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { bind, check, cString, lastErrno, native, SystemError } from './library.ts';

const initCall = bind<[number]>('int inotify_init1(int flags)');
const addCall = bind<[number, string, number]>('int inotify_add_watch(int fd, const char *path, uint32_t mask)');
const removeCall = bind<[number, number]>('int inotify_rm_watch(int fd, int watch)');

const IN_NONBLOCK = 0o4000;
const IN_CLOEXEC = 0o2000000;
const IN_CLOSE_WRITE = 0x8;
const EMFILE = 24;
const ENOSPC = 28;

/**
 * Calls back whenever somebody who had `path` open for writing closes it, also by dying. Disposing ends that. Undefined
 * where the kernel grants this user no more watches.
 */
export function onClosed(path: string, callback: () => void): Disposable | undefined {
  watches ??= Watches.open();
  return watches?.add(path, callback);
}

/** One for all of a thread's watches: the kernel grants a user few of them. It is open only while something is watched. */
let watches: Watches | undefined;

class Watches {
  readonly #fd: number;
  readonly #poll: { stop(): void; close(): void };
  readonly #callbacks = new Map<number, Set<() => void>>();
  readonly #events = Buffer.alloc(64 * 1024);

  static open(): Watches | undefined {
    const fd = initCall(IN_NONBLOCK | IN_CLOEXEC);
    if (fd !== -1) return new Watches(fd);
    const errno = lastErrno();
    if (errno === EMFILE) return undefined;
    throw new SystemError('inotify_init1', errno);
  }

  constructor(fd: number) {
    this.#fd = fd;
    this.#poll = native().koffi.node.poll(fd, { readable: true }, () => this.#read());
  }

  add(path: string, callback: () => void): Disposable | undefined {
    const watch = addCall(this.#fd, cString(path) as string, IN_CLOSE_WRITE);
    if (watch === -1) {
      const errno = lastErrno();
      if (this.#callbacks.size === 0) this.#close();
      if (errno === ENOSPC) return undefined;
      throw new SystemError('inotify_add_watch', errno, { path });
    }
    // Paths of one file are one watch.
    const callbacks = this.#callbacks.get(watch) ?? new Set();
    this.#callbacks.set(watch, callbacks);
    const own = () => callback();
    callbacks.add(own);
    return { [Symbol.dispose]: () => this.#remove(watch, own) };
  }

  #remove(watch: number, callback: () => void): void {
    const callbacks = this.#callbacks.get(watch);
    if (!callbacks?.delete(callback) || callbacks.size > 0) return;
    this.#callbacks.delete(watch);
    if (this.#callbacks.size === 0) this.#close();
    else check(removeCall(this.#fd, watch), 'inotify_rm_watch');
  }

  #close(): void {
    watches = undefined;
    this.#poll.stop();
    this.#poll.close();
    closeSync(this.#fd);
  }

  /** Reads what happened: records of a watch (four bytes), mask, cookie, and the length of a name, which files do not have. */
  #read(): void {
    const length = readSync(this.#fd, this.#events);
    const called = new Set<() => void>();
    for (let at = 0; at < length; at += 16 + uint32(this.#events, at + 12)) {
      const watch = uint32(this.#events, at) | 0;
      // After an overflow anything may have happened.
      const callbacks =
        watch === -1 ? [...this.#callbacks.values()].flatMap((all) => [...all]) : this.#callbacks.get(watch);
      for (const callback of callbacks ?? []) called.add(callback);
    }
    for (const callback of called) callback();
  }
}

const uint32 = (bytes: Buffer, at: number) => (endianness() === 'LE' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
