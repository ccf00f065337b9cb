// What steps took when they last ran, in one small file for each workspace: nobody reads records to guess.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstCauses } from '@monokit/engine/llb/first-causes';
import { lock } from '@monokit/engine/std/lock';
import { isUnusable, replaceFile } from '@monokit/engine/std/replace-file';
import { isInternal } from '../ui/model.ts';
import { ownTimes, type OwnTime } from './own-times.ts';
import type { RecordedStep, RunRecord } from './record.ts';

/** What a step is likely to take. */
export interface Estimate {
  /** Milliseconds, by itself. */
  readonly duration: number;
  /** For which part of that it wants a processor: 0 to 1. */
  readonly busy: number;
  /** When the steps `after` last ran, what came of them was what it was: it did not run. */
  readonly unmoved?: true;
  /** Bytes, where they were told. */
  readonly memory?: number;
  readonly made?: number;
}

/** A step that somebody asks about. */
export interface EstimatedStep {
  readonly vertex: string;
  readonly name: string;
  /** The image that owns it; without, any image's step of that text will do. */
  readonly image?: string | undefined;
  /** The first steps that run on the ways that lead to it. */
  readonly after?: readonly string[] | undefined;
}

/** What was seen of one step: the last durations, oldest first, and the most of the others. */
interface Seen {
  /** When, for the oldest to go first. */
  readonly at: number;
  /** By itself (own-times.ts). */
  readonly ms: readonly number[];
  readonly busy?: number;
  /** The first digits of first steps that ran before it the last time they did so, and it did not. */
  readonly unmovedBy?: readonly string[];
  readonly memory?: number;
  readonly made?: number;
}

interface Kept {
  readonly version: 1;
  /** By the first digits of the vertex's digest. */
  readonly vertices: Readonly<Record<string, Seen>>;
  /** By image, stage and text: what stays when content changes. */
  readonly texts: Readonly<Record<string, Seen>>;
}

/** Durations of a step that are kept; entries of each kind. */
const lastRuns = 5;
const most = 10_000;
const shortDigits = 20;
/** Most steps that one is remembered to be unmoved by. */
const mostCauses = 16;

const nothing: Kept = { version: 1, vertices: {}, texts: {} };

export class History {
  readonly #kept: Kept;
  #byText: ReadonlyMap<string, Seen> | undefined;

  private constructor(kept: Kept) {
    this.#kept = kept;
  }

  /** What the runs in a folder (`runsPath`) took. One that isn't there, or can't be read, knows nothing. */
  static open(path: string): History {
    return new History(read(path));
  }

  /** First by the very same vertex, then by what stays when content changes, then by the text in any image. */
  estimate({ vertex, name, image, after = [] }: EstimatedStep): Estimate | undefined {
    const { vertices, texts } = this.#kept;
    const text = textOf(name);
    const seen =
      vertices[short(vertex)] ??
      (image === undefined ? undefined : texts[`${image} ${text}`]) ??
      (this.#byText ??= new Map(
        Object.entries(texts).map(([key, seen]) => [key.slice(key.indexOf(' ') + 1), seen]),
      )).get(text);
    if (!seen) return undefined;
    const { ms, busy = 1, unmovedBy = [], memory, made } = seen;
    const unmoved = after.length > 0 && after.every((digest) => unmovedBy.includes(short(digest)));
    return {
      duration: durationOf(ms),
      busy,
      ...(unmoved && { unmoved: true as const }),
      ...(memory !== undefined && { memory }),
      ...(made !== undefined && { made }),
    };
  }

  /** Adds what ran. Others who do so at the same time wait: nothing of theirs is lost. */
  static async update(
    path: string,
    {
      steps,
      startedAt,
      machine,
    }: Pick<RunRecord, 'steps' | 'startedAt'> & { readonly machine: { readonly cpus: number } },
  ): Promise<void> {
    const ran = steps.filter(
      ({ status, startedAt: began, endedAt, peakMemory }) =>
        began !== undefined &&
        endedAt !== undefined &&
        (status === 'run' || (status === 'failed' && peakMemory !== undefined)),
    );
    if (ran.length === 0) return;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    using _lock = await lock(join(path, 'history.lock'));
    const { vertices, texts } = read(path);
    const facts = { ran, steps, times: ownTimes(steps, machine.cpus), causes: causesOf(steps), at: startedAt };
    const kept: Kept = {
      version: 1,
      vertices: youngest({ ...vertices, ...seenBy(facts, vertices, ({ vertex }) => short(vertex)) }),
      texts: youngest({
        ...texts,
        ...seenBy(facts, texts, ({ image = '', name }) => `${image} ${textOf(name)}`),
      }),
    };
    replaceFile(join(path, 'history.json'), JSON.stringify(kept));
  }
}

function read(path: string): Kept {
  try {
    const kept = JSON.parse(readFileSync(join(path, 'history.json'), 'utf8')) as Kept;
    return kept.version === 1 ? kept : nothing;
  } catch (error) {
    if (error instanceof SyntaxError || isUnusable(error)) return nothing;
    throw error;
  }
}

interface RunFacts {
  readonly ran: readonly RecordedStep[];
  readonly times: ReadonlyMap<RecordedStep, OwnTime>;
  readonly steps: readonly RecordedStep[];
  /** The first digits of the first steps that ran before each. */
  readonly causes: ReadonlyMap<string, readonly string[]>;
  readonly at: number;
}

function seenBy(
  { ran, steps, times, causes, at }: RunFacts,
  before: Readonly<Record<string, Seen>>,
  key: (step: RecordedStep) => string,
): Record<string, Seen> {
  const seen: Record<string, Seen> = {};
  for (const step of steps) {
    const name = key(step);
    const by = causes.get(step.vertex);
    const known = seen[name] ?? before[name];
    if (!by || !known || (step.status !== 'cached' && step.status !== 'needless')) continue;
    seen[name] = { ...known, unmovedBy: [...new Set([...(known.unmovedBy ?? []), ...by])].slice(-mostCauses) };
  }
  for (const step of ran) {
    const name = key(step);
    const known: Partial<Seen> = seen[name] ?? before[name] ?? {};
    const { ms: took, busy } = times.get(step) ?? { ms: 0, busy: 1 };
    // How soon a step failed tells nothing of how long it takes; that it needs so much memory, it tells.
    const failed = step.status === 'failed';
    const ms = failed ? (known.ms ?? [took]) : [...(known.ms ?? []), Math.round(took)].slice(-lastRuns);
    const memory = failed ? Math.max(step.peakMemory!, known.memory ?? 0) : (step.peakMemory ?? known.memory);
    const made = step.made ?? known.made;
    const share = Math.round((failed ? (known.busy ?? busy) : busy) * 100) / 100;
    const movedBy = causes.get(step.vertex) ?? [];
    const unmovedBy = known.unmovedBy?.filter((each) => !movedBy.includes(each)) ?? [];
    seen[name] = {
      at,
      ms,
      ...(unmovedBy.length > 0 && { unmovedBy }),
      ...(share < 1 && { busy: share }),
      ...(memory !== undefined && { memory }),
      ...(made !== undefined && { made }),
    };
  }
  return seen;
}

function causesOf(steps: readonly RecordedStep[]): ReadonlyMap<string, readonly string[]> {
  const causes = firstCauses(
    steps.map((step) => ({
      digest: step.vertex,
      inputs: step.inputs,
      runs: step.status === 'run' && !isInternal(step),
    })),
  );
  return new Map([...causes].map(([vertex, by]) => [vertex, by.map(short)]));
}

function youngest(all: Record<string, Seen>): Record<string, Seen> {
  const entries = Object.entries(all);
  if (entries.length <= most) return all;
  return Object.fromEntries(entries.sort(([, a], [, b]) => b.at - a.at).slice(0, most));
}

/** A name without what changes with content or with the steps around it: step numbers and digests. */
function textOf(name: string): string {
  return name.replace(/^\[(.*?) ?\d+\/\d+\]/, '[$1]').replaceAll(/@sha256:[0-9a-f]{64}/g, '');
}

function short(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, shortDigits);
}

/**
 * The last one, because machines and steps change, but no more than twice the middle one and no less than half of it: what
 * makes a step slow once, such as unpacking a base image, does not come back.
 */
function durationOf(last: readonly number[]): number {
  const sorted = last.toSorted((a, b) => a - b);
  const middle = sorted[(sorted.length - 1) >> 1]!;
  return Math.min(2 * middle, Math.max(middle / 2, last.at(-1)!));
}
