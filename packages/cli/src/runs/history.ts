// What steps took when they last ran, in one small file for each workspace: nobody reads records to guess.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lock } from '@monokit/engine/std/lock';
import { replaceFile } from '@monokit/engine/std/replace-file';
import type { RecordedStep, RunRecord } from './record.ts';

/** What a step is likely to take. */
export interface Estimate {
  /** Milliseconds. */
  readonly duration: number;
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
}

/** What was seen of one step: the last durations, oldest first, and the most of the others. */
interface Seen {
  /** When, for the oldest to go first. */
  readonly at: number;
  readonly ms: readonly number[];
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
  estimate({ vertex, name, image }: EstimatedStep): Estimate | undefined {
    const { vertices, texts } = this.#kept;
    const text = textOf(name);
    const seen =
      vertices[short(vertex)] ??
      (image === undefined ? undefined : texts[`${image} ${text}`]) ??
      (this.#byText ??= new Map(
        Object.entries(texts).map(([key, seen]) => [key.slice(key.indexOf(' ') + 1), seen]),
      )).get(text);
    if (!seen) return undefined;
    const { ms, memory, made } = seen;
    return {
      duration: median(ms),
      ...(memory !== undefined && { memory }),
      ...(made !== undefined && { made }),
    };
  }

  /** Adds what ran. Others who do so at the same time wait: nothing of theirs is lost. */
  static async update(path: string, { steps, startedAt }: Pick<RunRecord, 'steps' | 'startedAt'>): Promise<void> {
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
    const kept: Kept = {
      version: 1,
      vertices: youngest({
        ...vertices,
        ...seenBy(ran, vertices, { at: startedAt, key: ({ vertex }) => short(vertex) }),
      }),
      texts: youngest({
        ...texts,
        ...seenBy(ran, texts, { at: startedAt, key: ({ image = '', name }) => `${image} ${textOf(name)}` }),
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
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return nothing;
    throw error;
  }
}

function seenBy(
  ran: readonly RecordedStep[],
  before: Readonly<Record<string, Seen>>,
  { at, key }: { readonly at: number; key(step: RecordedStep): string },
): Record<string, Seen> {
  const seen: Record<string, Seen> = {};
  for (const step of ran) {
    const name = key(step);
    const known = seen[name] ?? before[name];
    const took = step.endedAt! - step.startedAt!;
    // How soon a step failed tells nothing of how long it takes; that it needs so much memory, it tells.
    const failed = step.status === 'failed';
    const ms = failed ? (known?.ms ?? [took]) : [...(known?.ms ?? []), took].slice(-lastRuns);
    const memory = failed ? Math.max(step.peakMemory!, known?.memory ?? 0) : (step.peakMemory ?? known?.memory);
    const made = step.made ?? known?.made;
    seen[name] = { at, ms, ...(memory !== undefined && { memory }), ...(made !== undefined && { made }) };
  }
  return seen;
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

/** Of two in the middle the lower one: what makes a step slow once, such as unpacking a base image, does not come back. */
function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1]!;
}
