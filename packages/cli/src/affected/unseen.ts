// What images are made of and git keeps nothing of: files that it ignores, files outside of the repository, folders with
// nothing in them, and modes beyond "executable". It counts if it was touched after the base was committed.

import { lstatSync, readdirSync, statSync, type Stats } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ignoring } from '@monokit/engine/affected';
import { bytePath, fsPath, textOf, type BytePath } from '@monokit/engine/std/byte-path';
import { filesOf, run } from './changes.ts';

/** Something in a folder that may be other than it was at the base. */
export interface UnseenChange {
  /** In words. */
  readonly cause: string;
  /** A path that a step selects if it reads this. */
  readonly probe: string;
}

/** What git can't tell of the working tree since a commit. */
export class Unseen {
  readonly #top: BytePath;
  readonly #since: number;
  readonly #isUsual: (stats: Stats) => boolean;
  readonly #known: ReadonlySet<BytePath>;
  readonly #found = new Map<string, readonly UnseenChange[]>();

  /** `top` is a real path. */
  constructor(top: string, base: string) {
    this.#top = bytePath(top);
    this.#since = timeOf(base, top);
    this.#isUsual = usualModes(top);
    this.#known = new Set(filesOf(undefined, top));
  }

  /** In a folder, as far as it is not ignored there. */
  in(folder: string, ignored: readonly string[]): readonly UnseenChange[] {
    const key = JSON.stringify([folder, ignored]);
    let found = this.#found.get(key);
    if (!found) this.#found.set(key, (found = [...this.#walk(bytePath(folder), '', rulesOf(ignored))]));
    return found;
  }

  *#walk(folder: BytePath, below: BytePath, rules: Rules): Generator<UnseenChange> {
    const entries = readdirSync(fsPath(join(folder, below)), { encoding: 'latin1', withFileTypes: true });
    for (const entry of entries) {
      const inside = below === '' ? entry.name : `${below}/${entry.name}`;
      // Patterns are held against text.
      const path = textOf(inside);
      const skipped = rules.isIgnored(path);
      if (skipped && !(entry.isDirectory() && rules.mayHoldMore(path))) continue;
      const full = join(folder, inside);
      const place = relative(this.#top, full);
      const isOutside = place.startsWith('..');
      const told = textOf(isOutside ? full : place);
      if (place === '.git') {
        yield { cause: '.git (whatever git does changes it)', probe: `${path}/HEAD` };
        continue;
      }
      const stats = lstatSync(fsPath(full));
      const isTouched = stats.ctimeMs >= this.#since && !skipped;
      if (stats.isDirectory()) {
        const names = readdirSync(fsPath(full));
        // Of repositories in this one git tells that they changed.
        if (names.includes('.git')) continue;
        if (isTouched && names.length === 0) yield { cause: `${told} (an empty folder)`, probe: `${path}/${anything}` };
        else if (isTouched && !this.#isUsual(stats)) yield { cause: `${told} (its mode)`, probe: path };
        yield* this.#walk(folder, inside, rules);
      } else if (isTouched && !this.#known.has(place)) {
        const why = isOutside ? 'it lies outside of the repository' : 'git ignores it';
        yield { cause: `${told} (${why})`, probe: path };
      } else if (isTouched && stats.isFile() && !this.#isUsual(stats)) {
        yield { cause: `${told} (its mode)`, probe: path };
      }
    }
  }
}

/** A name that no pattern but a wildcard means. */
const anything = '\u0001';

interface Rules {
  isIgnored(path: string): boolean;
  /** Whether something in a folder that is ignored may be let in again. */
  mayHoldMore(folder: string): boolean;
}

function rulesOf(patterns: readonly string[]): Rules {
  const exceptions = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  return {
    isIgnored: ignoring(patterns),
    mayHoldMore: (folder) =>
      exceptions.some((pattern) => {
        const fixed = pattern.split(/[*?[\\]/)[0]!;
        return fixed.startsWith(`${folder}/`) || `${folder}/`.startsWith(fixed);
      }),
  };
}

/** When a commit came to be here, in ms: when its object was written, or, in a pack, when it was committed. */
function timeOf(commit: string, top: string): number {
  const object = run(top, ['rev-parse', '--git-path', `objects/${commit.slice(0, 2)}/${commit.slice(2)}`]);
  const loose = statSync(resolve(top, object.stdout.trim()), { throwIfNoEntry: false });
  if (loose) return loose.mtimeMs;
  return Number(run(top, ['show', '-s', '--format=%ct', commit]).stdout.trim()) * 1000;
}

/** Whether git would have made it so: by this user's umask, or by that of the repository's own files. */
function usualModes(top: string): (stats: Stats) => boolean {
  if (run(top, ['config', '--type=bool', 'core.fileMode']).stdout.trim() === 'false') return () => true;
  const head = statSync(resolve(top, run(top, ['rev-parse', '--git-path', 'HEAD']).stdout.trim()));
  const readable = [head.mode & 0o666, 0o666 & ~process.umask()];
  return (stats) => {
    const isOpen = stats.isDirectory() || (stats.mode & 0o100) !== 0;
    return readable.some((mode) => (stats.mode & 0o777) === (isOpen ? mode | ((mode & 0o444) >> 2) : mode));
  };
}
