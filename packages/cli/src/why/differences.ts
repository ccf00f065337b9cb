// Why two runs of an image differ: the parts of keys that are not the same, each with the step where it shows first.
// Pure: everything is compared that was kept, and nothing is guessed.

import type { ManifestEntry } from '@monokit/engine';
import { isInternal } from '../ui/model.ts';
import { align, type Pair } from './align.ts';
import type { Cause, CauseKind } from './cause.ts';
import type { Components, PlatformComponents, StepComponents } from './components.ts';
import { readCauses } from './read-causes.ts';
import { bare, brief, differing, familiar, isFolder, isSameSource, normal, clipped, placeOf } from './step.ts';
import { arrow, changedVariables, variableChange, type Side } from './variables.ts';

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
  readonly #told = new Set<string>();
  readonly #pairs: readonly Pair[];
  /** What each step of the later run was, by index. */
  readonly #twins: ReadonlyMap<number, readonly [index: number, step: StepComponents]>;

  constructor(before: Compared, after: Compared, listOf: ListOf) {
    this.#before = before;
    this.#after = after;
    this.#listOf = listOf;
    this.#pairs = align(before.steps, after.steps);
    this.#twins = new Map(
      this.#pairs.flatMap(({ before, after }) => (before && after ? [[after[0], before] as const] : [])),
    );
  }

  differences(): Differences {
    const { platform, steps } = this.#after;
    this.#wholeImage();
    for (const pair of this.#pairs) {
      if (pair.before && pair.after) {
        this.#pair(pair.before[1], pair.after);
        if (pair.moved) this.#moved(pair.before, pair.after);
      } else if (pair.after) this.#added(pair.after);
      else this.#gone(pair.before!);
    }
    this.#config();
    const twins = new Map([...this.#twins].map(([index, [, step]]) => [index, step]));
    return { platform, steps, causes: this.#causes, touched: this.#touched(), twins };
  }

  /** Notes a cause once, with the first step where it shows. */
  #add(cause: Cause): void {
    const { kind, what, how } = cause;
    const name = [kind, what, how].join('\0');
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#causes.push(cause);
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
    if (isInternal(now) && old.own !== now.own && this.#document(index)) return;
    for (const cause of readCauses(old, now, { before: this.#before, after: this.#after, listOf: this.#listOf })) {
      this.#add({ ...cause, step: index });
    }
    if (now.kind === 'source') this.#source(old, index, now);
    else if (old.own !== now.own) this.#op(old, index, now);
  }

  /** A document that stands in the Dockerfile is a part of the instruction that uses it. */
  #document(index: number): boolean {
    const reader = this.#after.steps.findIndex(({ inputs }) => inputs.includes(index));
    const [, old] = this.#twins.get(reader) ?? [];
    return old !== undefined && this.#written(old, reader, this.#after.steps[reader]!);
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
    this.#add({ kind: 'instruction', what: placeOf(now), how: editOf(was, is), step: index });
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
    return this.#twins.get(is)?.[0] === was;
  }

  #added([index, step]: readonly [number, StepComponents]): void {
    if (isFolder(step) || this.#has('target') || isInternal(step)) return;
    this.#add({ kind: 'instruction', what: placeOf(step), how: 'added', step: index });
  }

  #gone([index, step]: readonly [number, StepComponents]): void {
    if (isFolder(step) || this.#has('target') || isInternal(step)) return;
    const how = `removed: ${clipped(normal(step.text ?? bare(step.name)))}`;
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
    for (const [index, step] of this.#after.steps.entries()) {
      if (isFolder(step)) continue;
      const [, twin] = this.#twins.get(index) ?? [];
      const isOther =
        !twin ||
        (step.kind === 'source' ? !isSameSource(twin, step) : twin.own !== step.own) ||
        JSON.stringify(contentsOf(twin)) !== JSON.stringify(contentsOf(step)) ||
        twin.inputs.length !== step.inputs.length ||
        step.inputs.some((input, i) => touched.has(input) || this.#twins.get(input)?.[0] !== twin.inputs[i]);
      if (isOther) touched.add(index);
    }
    return touched;
  }
}

function contentsOf({ reads = [] }: StepComponents): readonly string[] {
  return reads.map(({ content }) => content);
}

/** What an instruction was; of one of many lines that line which differs, if it is one. */
function editOf(was: string, is: string): string {
  const [old, now] = [was, is].map((text) => text.split('\n'));
  const other = old!.flatMap((line, i) => (line === now![i] ? [] : [i]));
  const [only] = other;
  if (old!.length !== now!.length || old!.length < 2 || other.length !== 1) return `was ${clipped(was)}`;
  return arrow(old![only!], now![only!]);
}
