// Tells which files change, a burst at a time. The home of chokidar.

import { existsSync } from 'node:fs';
import { watch, type FSWatcher } from 'chokidar';

export interface WatchPlaces {
  /** Folders that are watched with all that is in them. */
  readonly folders: readonly string[];
  /** Files and folders (there or not) that are watched by themselves. */
  readonly paths: readonly string[];
  /** Whether nothing that lies at or below this path matters. */
  ignored(path: string): boolean;
}

export interface WatcherOptions {
  /** Milliseconds of silence that end a burst. */
  readonly debounce: number;
  /** Milliseconds after which a burst that goes on is told all the same, and twice as many for each piece after that. */
  readonly longest: number;
  /** Looks so often (in milliseconds) instead of being told by the kernel. */
  readonly poll?: number;
  /** A file that is there while somebody (git) is still at it: a burst is not over before, or before `longestHold`. */
  readonly lock?: string;
  /** Absolute paths that came, changed or went, each once. */
  onChange(paths: ReadonlySet<string>): void;
  /** The kernel can tell of no more files: from now on this looks for itself. What changed until `ready` may be unseen. */
  onPoll(reason: string, ready: Promise<void>): void;
  /** Something can't be watched any more: changes of it may go unseen. */
  onError(error: unknown): void;
}

/** A burst of changes goes on while they come less than `debounce` apart. */
export class Watcher implements AsyncDisposable {
  readonly #options: WatcherOptions;
  #poll: number | undefined;
  #watchers: readonly FSWatcher[] = [];
  /** Those whose place others take, until these tell of all. */
  #former: FSWatcher[] = [];
  #changed = new Set<string>();
  #began = 0;
  /** How many times `longest` this burst may go on. */
  #stretch = 1;
  /** When a burst of many changes was told last; what comes soon after it is more of the same. */
  #stormed = 0;
  /** How many times `debounce` has to be silent. */
  #patience = 1;
  #timer: NodeJS.Timeout | undefined;
  #closed = Promise.withResolvers<void>();

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#poll = options.poll;
  }

  /**
   * Watches these places in place of those before, which are watched until then; resolves once every change is seen, or
   * others take their place.
   */
  async watch(places: WatchPlaces): Promise<void> {
    this.#closed.resolve();
    const closed = (this.#closed = Promise.withResolvers<void>());
    const common = {
      ignoreInitial: true,
      followSymlinks: false,
      // A rename over a file is a change like any other here: bursts are told as one.
      atomic: false,
      ignorePermissionErrors: true,
      ...(this.#poll !== undefined && { backend: 'polling' as const, pollingInterval: this.#poll }),
    } as const;
    const ignored = (path: string) => places.ignored(path);
    const watchers = [
      watch([...places.folders], { ...common, ignored }),
      watch([...places.paths], { ...common, depth: 0 }),
    ];
    this.#former.push(...this.#watchers);
    this.#watchers = watchers;
    const failed = Promise.withResolvers<void>();
    let isReady = false;
    for (const watcher of watchers) {
      watcher.on('all', (_event, path) => this.#add(path));
      // What the kernel tells is looked into before it is told on: until then a burst is not over.
      watcher.on('raw', () => this.#changed.size > 0 && this.#wait());
      watcher.on('error', (error) => {
        const { code } = error as NodeJS.ErrnoException;
        if (this.#watchers !== watchers) return;
        if ((code === 'ENOSPC' || code === 'EMFILE') && this.#poll === undefined) {
          this.#poll = fallback;
          const polling = this.watch(places);
          const limit = code === 'ENOSPC' ? 'fs.inotify.max_user_watches' : 'fs.inotify.max_user_instances';
          this.#options.onPoll(limit, polling);
          failed.resolve(polling);
        } else if (isReady) this.#options.onError(error);
        else failed.reject(error);
      });
    }
    const ready = watchers.map((watcher) => new Promise<void>((resolve) => watcher.once('ready', () => resolve())));
    await Promise.race([failed.promise, closed.promise, Promise.all(ready)]);
    isReady = true;
    if (this.#watchers === watchers) await closeAll(this.#former.splice(0));
  }

  /** How many files are watched. */
  get files(): number {
    let [entries, folders] = [0, 0];
    for (const watcher of this.#watchers.slice(0, 1)) {
      const watched = watcher.getWatched();
      for (const [folder, names] of Object.entries(watched)) {
        entries += names.length;
        folders += names.filter((name) => `${folder}/${name}` in watched).length;
      }
    }
    return entries - folders;
  }

  /** What the burst before began was in vain, because of this one: the next ends after twice as much silence. */
  slow(): void {
    this.#patience = Math.min(this.#patience * 2, mostStretched);
  }

  /** What a burst began came to its end. */
  calm(): void {
    this.#patience = 1;
  }

  #add(path: string): void {
    if (this.#changed.size === 0) this.#began = Date.now();
    this.#changed.add(path);
    this.#wait();
  }

  /** Waits for silence: of many changes the last ones are long in coming on a busy machine. */
  #wait(): void {
    const { debounce, longest } = this.#options;
    const silence = Math.max(debounce * this.#patience, this.#isStorm ? longest : 0);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), Math.max(0, Math.min(silence, this.#left)));
  }

  get #isStorm(): boolean {
    return this.#changed.size >= many || this.#began - this.#stormed < afterStorm;
  }

  /** Milliseconds for which this burst may go on. */
  get #left(): number {
    return this.#began + this.#options.longest * this.#stretch - Date.now();
  }

  #tell(): void {
    const { lock, debounce } = this.#options;
    if (lock !== undefined && Date.now() - this.#began < longestHold && existsSync(lock)) {
      this.#timer = setTimeout(() => this.#tell(), debounce);
      return;
    }
    const goesOn = this.#left <= 0;
    if (this.#changed.size >= many) this.#stormed = Date.now();
    const changed = this.#changed;
    this.#changed = new Set();
    this.#stretch = goesOn ? Math.min(this.#stretch * 2, mostStretched) : 1;
    this.#options.onChange(changed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#closed.resolve();
    const watchers = [...this.#former.splice(0), ...this.#watchers];
    this.#watchers = [];
    await closeAll(watchers);
  }
}

async function closeAll(watchers: readonly FSWatcher[]): Promise<void> {
  await Promise.all(watchers.map((watcher) => watcher.close()));
}

/** How long a lock file is taken for somebody's who still works, in milliseconds: one may be left from a crash. */
const longestHold = 10_000;

/** So many changes in a burst are no person's: git or an install is at work. */
const many = 50;

/** What begins so soon after such a burst, in milliseconds, belongs to it. */
const afterStorm = 1000;

/** Each piece of a storm (git, an install) may be twice as long as the one before, up to so many times `longest` or `debounce`. */
const mostStretched = 16;

/** How often to look where the kernel cannot tell, in milliseconds. */
const fallback = 300;
