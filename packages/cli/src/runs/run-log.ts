import { existsSync, ftruncateSync, writeSync } from 'node:fs';
import { tryLock, type Lock } from '@monokit/engine/std/lock';
import type { RecordedLog } from './record.ts';
import type { RunsFolder } from './runs-folder.ts';

/** Bytes of one step that are gathered before they are written, and for how long, in milliseconds. */
const piece = 64 * 1024;
const patience = 500;

interface Written {
  pieces: [number, number][];
  length: number;
  lines: number;
  /** Whether the last line is finished. */
  whole: boolean;
  waiting: Buffer[];
  size: number;
}

/**
 * The log file of a run. Steps write at the same time, so each one's bytes are gathered into pieces. The file is locked
 * as long as the run lives, which the kernel ends with it.
 */
export class RunLog implements Disposable {
  readonly #lock: Lock;
  readonly #steps = new Map<string, Written>();
  #end = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Why nothing more is written. */
  error: string | undefined;

  constructor(path: string) {
    const lock = tryLock(path);
    if (!lock) throw new Error(`another run has ${path}`);
    this.#lock = lock;
    ftruncateSync(lock.fd);
  }

  get isEmpty(): boolean {
    return this.#end === 0;
  }

  write(step: string, data: Uint8Array): void {
    if (data.length === 0 || this.error !== undefined) return;
    let written = this.#steps.get(step);
    if (!written) {
      written = { pieces: [], length: 0, lines: 0, whole: true, waiting: [], size: 0 };
      this.#steps.set(step, written);
    }
    written.waiting.push(Buffer.from(data));
    written.size += data.length;
    if (written.size >= piece) this.#flush(written);
    else this.#timer ??= setTimeout(() => this.flush(), patience).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const written of this.#steps.values()) this.#flush(written);
  }

  /** Where a step's log is; undefined where it wrote nothing. */
  of(step: string): RecordedLog | undefined {
    const written = this.#steps.get(step);
    if (!written || written.length === 0) return undefined;
    const { pieces, length, lines, whole } = written;
    return { pieces, length, lines: lines + (whole ? 0 : 1) };
  }

  /** Writes what is left and lets go; an empty file goes. */
  [Symbol.dispose](): void {
    this.flush();
    if (this.isEmpty) this.#lock.remove();
    else this.#lock[Symbol.dispose]();
  }

  #flush(written: Written): void {
    if (written.size === 0 || this.error !== undefined) return;
    const data = Buffer.concat(written.waiting);
    [written.waiting, written.size] = [[], 0];
    try {
      for (let at = 0; at < data.length;) at += writeSync(this.#lock.fd, data, at, data.length - at, this.#end + at);
    } catch (error) {
      this.error = (error as Error).message;
      return;
    }
    const last = written.pieces.at(-1);
    if (last && last[0] + last[1] === this.#end) last[1] += data.length;
    else written.pieces.push([this.#end, data.length]);
    this.#end += data.length;
    written.length += data.length;
    for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) written.lines++;
    written.whole = data.at(-1) === 10;
  }
}

/** Whether a run that has not ended is still at work: if not, it was killed. */
export function isRunning(folder: RunsFolder, id: string): boolean {
  const path = folder.logPath(id);
  if (!existsSync(path)) return false;
  const lock = tryLock(path);
  lock?.[Symbol.dispose]();
  return lock === undefined;
}
