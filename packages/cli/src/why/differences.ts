// Why two runs of an image differ: the parts of keys that are not the same, each with the step where it shows first.
// Pure: everything is compared that was kept, and nothing is guessed.
import { posix } from 'node:path';
import { ignoring } from '@monokit/engine/affected';
import type { ManifestEntry } from '@monokit/engine';
import { align, bare, isInternal, normal, type Pair } from './align.ts';
import type { Components, PlatformComponents, StepComponents } from './components.ts';
import { folderChanges } from './folder-changes.ts';
import { arrow, changedVariables, variableChange, type Side } from './variables.ts';

export type CauseKind =
  | 'file'
  | 'ignore'
  | 'argument'
  | 'variable'
  | 'base'
  | 'source'
  | 'platform'
  | 'target'
  | 'instruction'
  | 'mount'
  | 'part'
  | 'config';

/** One thing that is not as it was. */
export interface Cause {
  readonly kind: CauseKind;
  /** `src/db.ts`, `ARG V`, `Dockerfile:3`. */
  readonly what: string;
  /** `content 3f2a→9c01`, `1→2`. */
  readonly how: string;
  /** Where the other value is from. */
  readonly from?: string;
  /** Index of the first step that differs by it; absent for what no step depends on. */
  readonly step?: number;
  /** What would have kept it from counting, where that is certain. */
  readonly hint?: string;
}

/** How one platform of an image differs between two runs. */
export interface Differences {
  readonly platform: string;
  readonly steps: readonly StepComponents[];
  /** In the order of their steps. */
  readonly causes: readonly Cause[];
  /** Indexes of steps that are others than before, by themselves or by what they are given. */
  readonly touched: ReadonlySet<number>;
  /** The step of the run before that each step was, by index. */
  readonly twins: ReadonlyMap<number, StepComponents>;
}

/** Gives the entries that a list names; undefined where they are not known. */
export type ListOf = (name: string) => readonly ManifestEntry[] | undefined;

/** Compares all platforms of an image; one that was not built before is compared with one that was. */
export function differencesOf(before: Components, after: Components, listOf: ListOf): readonly Differences[] {
  return after.platforms.map((platform, i) => {
    const twin =
      before.platforms.find((other) => other.platform === platform.platform) ??
      before.platforms[i] ??
      before.platforms[0];
    if (!twin) return { ...platform, causes: [], touched: new Set(platform.steps.keys()), twins: new Map() };
    return new Comparing({ asked: before.asked, ...twin }, { asked: after.asked, ...platform }, listOf).differences();
  });
}

type Compared = Side & PlatformComponents;

class Comparing {
  readonly #before: Compared;
  readonly #after: Compared;
  readonly #listOf: ListOf;
  readonly #causes: Cause[] = [];
  readonly #pairs: readonly Pair[];

  constructor(before: Compared, after: Compared, listOf: ListOf) {
    this.#before = before;
    this.#after = after;
    this.#listOf = listOf;
    this.#pairs = align(before.steps, after.steps);
  }

  differences(): Differences {
    const { platform, steps } = this.#after;
    const twins = new Map(
      this.#pairs.flatMap(({ before, after }) => (before && after ? [[after[0], before[1]] as const] : [])),
    );
    this.#wholeImage();
    for (const pair of this.#pairs) {
      if (pair.before && pair.after) {
        this.#pair(pair.before[1], pair.after);
        if (pair.moved) this.#moved(pair.before, pair.after);
      } else if (pair.after) this.#added(pair.after);
      else this.#gone(pair.before!);
    }
    this.#config();
    return { platform, steps, causes: this.#causes, touched: this.#touched(), twins };
  }

  /** Notes a cause once, with the first step where it shows. */
  #add(cause: Cause): void {
    const { kind, what, how } = cause;
    if (!this.#causes.some((known) => known.kind === kind && known.what === what && known.how === how)) {
      this.#causes.push(cause);
    }
  }

  #has(kind: CauseKind): boolean {
    return this.#causes.some((cause) => cause.kind === kind);
  }

  #wholeImage(): void {
    const [before, after] = [this.#before, this.#after];
    if (before.platform !== after.platform) {
      this.#add({ kind: 'platform', what: 'platform', how: arrow(before.platform, after.platform) });
    }
    if (before.asked['target'] !== after.asked['target']) {
      this.#add({
        kind: 'target',
        what: 'target',
        how: arrow(before.asked['target'] || 'the last stage', after.asked['target'] || 'the last stage'),
      });
    }
  }

  #pair(old: StepComponents, [index, now]: readonly [number, StepComponents]): void {
    if (isFolder(now)) return;
    this.#reads(old, index, now);
    if (now.kind === 'source') this.#source(old, index, now);
    else if (old.own !== now.own) this.#op(old, index, now);
  }

  #reads(old: StepComponents, index: number, now: StepComponents): void {
    for (const [i, read] of (now.reads ?? []).entries()) {
      const was = old.reads?.[i];
      if (!was || was.content === read.content) continue;
      const [before, after] = [this.#listOf(was.list), this.#listOf(read.list)];
      const changes = before && after ? folderChanges(before, after) : [];
      if (changes.length === 0) {
        this.#add({
          kind: 'file',
          what: read.path === '' ? 'files of the context' : `files of ${read.path}`,
          how: arrow(was.content.slice(0, 4), read.content.slice(0, 4)),
          step: index,
        });
      }
      const letsIn = this.#ignoreChange(was.folder, read.folder);
      const whole = takesAll(now);
      for (const { path: inside, how, what } of changes) {
        const path = posix.join(read.path, inside);
        const rule = how === 'changed' ? undefined : letsIn(inside);
        const ignorable = whole && changes.length === 1 && rule === undefined;
        this.#add({
          kind: rule === undefined ? 'file' : 'ignore',
          what: path,
          how: rule ?? what,
          step: index,
          ...(rule !== undefined && { from: 'ignore file' }),
          ...(ignorable && { hint: `${path} were ignored: ${bare(now.name)} takes all that is in the context` }),
        });
      }
    }
  }

  /** Says of a path whether it came or went because another thing is ignored now. */
  #ignoreChange(oldFolder: number, newFolder: number): (path: string) => string | undefined {
    const patterns = ({ steps }: Compared, folder: number) =>
      JSON.parse(steps[folder]?.parts['local.excludepatterns'] ?? '[]') as string[];
    const [old, now] = [patterns(this.#before, oldFolder), patterns(this.#after, newFolder)];
    if (JSON.stringify(old) === JSON.stringify(now)) return () => undefined;
    const [wasIgnored, isIgnored] = [ignoring(old), ignoring(now)];
    return (path) =>
      wasIgnored(path) === isIgnored(path) ? undefined : isIgnored(path) ? 'ignored now' : 'no longer ignored';
  }

  #source(old: StepComponents, index: number, now: StepComponents): void {
    if (isSameSource(old, now)) return;
    // Another platform of the same image.
    if (this.#has('platform') && old.parts['image'] === now.parts['image']) return;
    if (this.#written(old, index, now)) return;
    const { image } = now.parts;
    const [was, is] = [old.parts['digest'] ?? old.pin, now.parts['digest'] ?? now.pin].map((pin) => pin && brief(pin));
    if (image === undefined) {
      this.#add({ kind: 'source', what: bare(now.name), how: arrow(was, is), step: index });
    } else if (image !== old.parts['image']) {
      this.#add({
        kind: 'base',
        what: 'base image',
        how: arrow(familiar(old.parts['image'] ?? ''), familiar(image)),
        step: index,
      });
    } else {
      this.#add({ kind: 'base', what: `base image ${familiar(image)}`, how: arrow(was, is), step: index });
    }
  }

  #op(old: StepComponents, index: number, now: StepComponents): void {
    const sides = { before: this.#before, after: this.#after };
    const written = this.#written(old, index, now);
    let told = written;
    for (const name of differing(old.parts, now.parts)) {
      const [was, is] = [old.parts[name], now.parts[name]];
      const variable = /^env (.*)$/s.exec(name)?.[1];
      if (variable !== undefined) {
        const change = variableChange(variable, { old: was, now: is }, sides);
        told = true;
        // What the base image says, or the platform, is told once.
        const own = change.from !== undefined || this.#after.declared.some((each) => each.name === variable);
        if (change.kind === 'platform' ? this.#has('platform') : !own && this.#has('base')) continue;
        this.#add({ ...change, step: index });
      } else if (name === 'platform') {
        told = true;
        if (!this.#has('platform')) this.#add({ kind: 'platform', what: 'platform', how: arrow(was, is), step: index });
      } else if (!written) {
        told = true;
        this.#add({ kind: name.startsWith('mount ') ? 'mount' : 'part', what: name, how: arrow(was, is), step: index });
      }
    }
    // Equal in all that is told by name: what is hidden in it differs.
    if (!told) this.#add({ kind: 'part', what: bare(now.name), how: 'other options', step: index });
  }

  /** Tells of an instruction that was written otherwise, or whose words come to mean something else. */
  #written(old: StepComponents, index: number, now: StepComponents): boolean {
    if (old.text === undefined || now.text === undefined) return false;
    const [was, is] = [normal(old.text), normal(now.text)];
    const sides = { before: this.#before, after: this.#after };
    if (was === is) {
      const changed = changedVariables(is, sides).filter(({ kind }) => kind !== 'platform' || !this.#has('platform'));
      for (const change of changed) this.#add({ ...change, step: index });
      return changed.length > 0;
    }
    const mounts = differing(old.parts, now.parts);
    if (now.kind === 'exec' && mounts.length > 0 && mounts.every((name) => name.startsWith('mount '))) {
      for (const name of mounts) {
        const how = arrow(old.parts[name], now.parts[name]);
        this.#add({ kind: 'mount', what: name, how, step: index });
      }
      return true;
    }
    this.#add({ kind: 'instruction', what: placeOf(now), how: `was ${oneLine(was)}`, step: index });
    return true;
  }

  /** An instruction that stands elsewhere in the file. The same steps of another stage may come in any order. */
  #moved([, old]: readonly [number, StepComponents], [index, now]: readonly [number, StepComponents]): void {
    if (this.#isOn(old, now)) return;
    const first = this.#pairs.find(({ before, after }) => before && after && !this.#isOn(before[1], after[1]));
    this.#add({ kind: 'instruction', what: placeOf(now), how: 'moved', step: first?.after?.[0] ?? index });
  }

  /** Whether a step stands on the same one as before. */
  #isOn({ inputs: [was] }: StepComponents, { inputs: [is] }: StepComponents): boolean {
    if (was === undefined || is === undefined) return was === is;
    return this.#pairs.some(({ before, after }) => before?.[0] === was && after?.[0] === is);
  }

  #added([index, step]: readonly [number, StepComponents]): void {
    if (isFolder(step) || this.#has('target') || isInternal(step.name)) return;
    this.#add({ kind: 'instruction', what: placeOf(step), how: 'added', step: index });
  }

  #gone([index, step]: readonly [number, StepComponents]): void {
    if (isFolder(step) || this.#has('target') || isInternal(step.name)) return;
    const how = `removed: ${oneLine(normal(step.text ?? bare(step.name)))}`;
    const reader = this.#readerOf(index);
    this.#add({
      kind: 'instruction',
      what: step.file ?? bare(step.name),
      how,
      ...(reader !== undefined && { step: reader }),
    });
  }

  /** The first step that is still there of those that read one that is gone, or that read what is gone with it. */
  #readerOf(gone: number): number | undefined {
    for (const { before, after } of this.#pairs) {
      if (!before?.[1].inputs.includes(gone)) continue;
      const reader = after ? after[0] : this.#readerOf(before[0]);
      if (reader !== undefined) return reader;
    }
    return undefined;
  }

  #config(): void {
    const [old, now] = [this.#before.config, this.#after.config];
    for (const name of differing(old, now)) {
      const variable = /^env (.*)$/s.exec(name)?.[1];
      if (variable !== undefined) {
        const own = this.#after.declared.some((each) => each.name === variable);
        if (!own && this.#has('base')) continue;
        const change = variableChange(
          variable,
          { old: old[name], now: now[name] },
          { before: this.#before, after: this.#after },
        );
        if (!this.#causes.some(({ what }) => what === change.what || what === `ARG ${variable}`)) this.#add(change);
      } else {
        const what = name.startsWith('label ') ? name : name.toUpperCase();
        this.#add({ kind: 'config', what, how: arrow(old[name], now[name]) });
      }
    }
  }

  #touched(): ReadonlySet<number> {
    const touched = new Set<number>();
    const places = new Map(
      this.#pairs.flatMap(({ before, after }) => (before && after ? [[after[0], before] as const] : [])),
    );
    for (const [index, step] of this.#after.steps.entries()) {
      if (isFolder(step)) continue;
      const [, twin] = places.get(index) ?? [];
      const isOther =
        !twin ||
        (step.kind === 'source' ? !isSameSource(twin, step) : twin.own !== step.own) ||
        JSON.stringify(contentsOf(twin)) !== JSON.stringify(contentsOf(step)) ||
        twin.inputs.length !== step.inputs.length ||
        step.inputs.some((input, i) => touched.has(input) || places.get(input)?.[0] !== twin.inputs[i]);
      if (isOther) touched.add(index);
    }
    return touched;
  }
}

/** A step and all that depend on it, as indexes in order. */
export function dependingOn(step: number, steps: readonly StepComponents[]): readonly number[] {
  const found = new Set([step]);
  // Inputs come before what reads them.
  for (const [index, { inputs }] of steps.entries()) if (inputs.some((input) => found.has(input))) found.add(index);
  return [...found];
}

/** Whether two sources are the same, as far as both were looked at. */
function isSameSource(a: StepComponents, b: StepComponents): boolean {
  const sameParts = differing(a.parts, b.parts).length === 0;
  return sameParts && (a.own === b.own || a.pin === undefined || b.pin === undefined);
}

function contentsOf({ reads = [] }: StepComponents): readonly string[] {
  return reads.map(({ content }) => content);
}

/** A client's folder: it counts by what steps read of it. */
export function isFolder({ kind, parts }: StepComponents): boolean {
  return kind === 'source' && (parts['source']?.startsWith('local://') ?? false);
}

/** Whether a step copies the context as it is. */
function takesAll({ kind, parts }: StepComponents): boolean {
  return kind === 'file' && parts['copy /'] !== undefined && !/ (only|without) /.test(parts['copy /']);
}

function differing(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
}

function placeOf({ file, lines, name }: StepComponents): string {
  return file === undefined || !lines ? bare(name) : `${file}:${lines[0]}`;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function familiar(image: string): string {
  return image.replace(/^docker\.io\/(library\/)?/, '');
}

function brief(pin: string): string {
  return pin.replace(/^sha256:/, '').slice(0, 12);
}
