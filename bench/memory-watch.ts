import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Adds up, again and again, the proportional set sizes of all that a process started. */
export class MemoryWatch implements Disposable {
  readonly #root: number;
  readonly #namespace = readlinkSync('/proc/self/ns/pid');
  readonly #timer: NodeJS.Timeout;
  /** Bytes. */
  peak = 0;

  /** Looks every so many milliseconds. */
  constructor(root: number, interval: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#look(), interval);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    let sum = 0;
    for (const pid of this.#family()) if (pid !== this.#root) sum += this.#size(pid);
    this.peak = Math.max(this.peak, sum);
  }

  #family(): Iterable<number> {
    const children = Map.groupBy(processes(), ({ parent }) => parent);
    const family = new Set([this.#root]);
    for (const pid of family) for (const child of children.get(pid) ?? []) family.add(child.pid); // grows as it goes
    return family;
  }

  /** 0 for what is in a container, or gone. */
  #size(pid: number): number {
    try {
      if (readlinkSync(`/proc/${pid}/ns/pid`) !== this.#namespace) return 0;
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0) * 1024;
    } catch (error) {
      if (isGone(error)) return 0;
      throw error;
    }
  }
}

function processes(): { readonly pid: number; readonly parent: number }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      // The program's name, in parentheses, may hold anything.
      return [{ pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) }];
    } catch (error) {
      if (isGone(error)) return [];
      throw error;
    }
  });
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
}
