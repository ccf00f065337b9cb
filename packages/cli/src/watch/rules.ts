// What changes mean to containers, by the actions of the config and of compose's `develop.watch`.

import { readdirSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { ActionSpec, ExecSpec } from '@monokit/config';
import type { SyncedPath } from '@monokit/engine';
import { PatternMatcher } from '@monokit/engine/std/patterns';

/** An action of an image, whose target is known where it syncs. */
export interface Rule {
  readonly image: string;
  readonly action: ActionSpec;
  /** Absolute, in the container. */
  readonly target?: string;
  /** Whether the container sees the path itself, in a volume: nothing is put there. */
  readonly mounted?: boolean;
}

/** What is to be done to a container. */
export interface Effects {
  readonly synced: readonly SyncedPath[];
  readonly restart: boolean;
  readonly execs: readonly ExecSpec[];
}

/** What changed files mean. */
export interface Meaning {
  /** By image. */
  readonly effects: ReadonlyMap<string, Effects>;
  /** Images that a rule builds again, each with the file that is why. */
  readonly rebuilt: ReadonlyMap<string, string>;
  /** Whether a change is no reason to build the image: its container has it, or its rules say to ignore it. */
  takes(image: string, path: string): boolean;
}

/** Files of editors that nobody means; what a version control system keeps. */
const ephemeral = new PatternMatcher(
  '**/.git **/.hg **/*~ **/.#* **/#*# **/.*.sw[a-z] **/.*.swpx **/4913 **/.*.kate-swp **/.goutputstream-* **/*___jb_*___'.split(
    ' ',
  ),
);

interface Prepared extends Rule {
  /** Of a path relative to the rule's. */
  readonly counts: (inside: string) => boolean;
}

export class Rules {
  readonly #rules: readonly Prepared[];
  readonly #ignores: (image: string, path: string) => boolean;

  /** `ignores` says what an image's build ignores. */
  constructor(rules: readonly Rule[], ignores: (image: string, path: string) => boolean) {
    this.#ignores = ignores;
    this.#rules = rules.map((rule) => {
      const ignored = new PatternMatcher(rule.action.ignore);
      const included = rule.action.include.length > 0 ? new PatternMatcher(rule.action.include) : undefined;
      const counts = (inside: string) => !ignored.matches(inside) && (included?.matches(inside) ?? true);
      return { ...rule, counts };
    });
  }

  /** What is to be watched for them: absolute paths. */
  get paths(): readonly string[] {
    return [...new Set(this.#rules.map(({ action }) => action.path))];
  }

  /** `arrives` says whether an image has a container that files can be put in. */
  meaningOf(paths: Iterable<string>, arrives: (image: string) => boolean): Meaning {
    const effects = new Map<string, { synced: SyncedPath[]; restart: boolean; execs: Set<ExecSpec> }>();
    const rebuilt = new Map<string, string>();
    const taken = new Set<string>();
    const key = (image: string, path: string) => `${image}\0${path}`;
    for (const path of paths) {
      for (const rule of this.#rules) {
        const { image, action } = rule;
        if (!isIn(path, action.path) || !arrives(image)) continue;
        taken.add(key(image, path));
        const to = this.#placeOf(rule, path);
        if (to === undefined) continue;
        if (action.action === 'rebuild') {
          rebuilt.set(image, path);
          continue;
        }
        if (rule.mounted && action.action === 'sync') continue;
        const effect = effects.get(image) ?? { synced: [], restart: false, execs: new Set<ExecSpec>() };
        effects.set(image, effect);
        if (action.action !== 'restart' && !rule.mounted) effect.synced.push({ from: path, to });
        effect.restart ||= action.action === 'restart' || action.action === 'sync+restart';
        if (action.exec) effect.execs.add(action.exec);
      }
    }
    // What is built anew starts anew, with all of this in it.
    for (const image of rebuilt.keys()) effects.delete(image);
    return {
      effects: new Map([...effects].map(([image, each]) => [image, { ...each, execs: [...each.execs] }])),
      rebuilt,
      takes: (image, path) => !rebuilt.has(image) && taken.has(key(image, path)),
    };
  }

  /** All files that an image's container gets when it starts. */
  initial(image: string): readonly SyncedPath[] {
    return this.#rules
      .filter(({ image: own, action, mounted }) => own === image && action.initialSync && !mounted)
      .filter(({ action }) => action.action.startsWith('sync'))
      .flatMap((rule) =>
        [...walked(rule.action.path)].flatMap((from) => {
          const to = this.#placeOf(rule, from);
          return to === undefined ? [] : [{ from, to }];
        }),
      );
  }

  /** Where a path goes in the container by this rule; undefined where the rule is not about it. */
  #placeOf({ image, action, target = '/', counts }: Prepared, path: string): string | undefined {
    if (!isIn(path, action.path)) return undefined;
    const inside = path.slice(action.path.length + 1);
    if (inside !== '' && (!counts(inside) || ephemeral.matches(inside))) return undefined;
    if (this.#ignores(image, path)) return undefined;
    if (inside !== '') return posix.join(target, inside);
    // The folder itself is there; a file goes into what is said to be a folder.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
    return target.endsWith('/') ? posix.join(target, posix.basename(path)) : target;
  }
}

export function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** A file, or all that is below a folder; links are themselves. */
function* walked(path: string): Generator<string> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory()) return yield path;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = `${path}/${entry.name}`;
    if (ephemeral.matches(entry.name)) continue;
    yield inner;
    if (entry.isDirectory()) yield* walked(inner);
  }
}
