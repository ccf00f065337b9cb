// Why images were built, or will be: two runs of each are found and compared.

import { dirname } from 'node:path';
import { nearest } from '@monokit/engine/std/nearest';
import { Mistake } from '../mistake.ts';
import type { RunRecord } from '../runs/record.ts';
import { besideRecord, RunsFolder } from '../runs/runs-folder.ts';
import type { KeptRun, RunsHere } from '../runs/runs-here.ts';
import { count } from '../ui/format.ts';
import { Book, imageIn, type MadeImage, type MadeRun } from './book.ts';
import { readBundle, unveiled, type Pages } from './bundle.ts';
import type { Components, StepComponents } from './components.ts';
import { differencesOf } from './differences.ts';
import { explain, type Explanation, type Fate, type Fates } from './explanation.ts';
import type { Question } from './question.ts';

/** A run of an image, with what the image was made of. */
export interface ImageRun {
  readonly record: RunRecord;
  readonly pages: Pages;
  /** It was brought here from another machine, as a file. */
  readonly isBrought: boolean;
  readonly run: MadeRun;
  readonly made: MadeImage;
}

/** What `cli why --json` prints of an image. */
export interface ImageExplanation {
  readonly image: string;
  /** What it is compared with. */
  readonly before: RunWord;
  /** Undefined: the next build. */
  readonly after?: RunWord;
  /** Of the image in the later run. */
  readonly status?: string;
  readonly platforms: readonly Explanation[];
}

export interface RunWord {
  readonly id: string;
  readonly startedAt: number;
  readonly commit?: string;
}

/** The runs of an image, newest first. */
export function* runsOf(image: string, here: RunsHere): Generator<ImageRun> {
  for (const kept of here.runs()) {
    const found = imageRun(image, kept);
    if (found) yield found;
  }
}

/** An image in a run; undefined where the run had none of it, or did not come to know what it is made of. */
export function imageRun(image: string, { record, path }: Pick<KeptRun, 'record' | 'path'>): ImageRun | undefined {
  const folder = new RunsFolder(dirname(path));
  const isBrought = folder.recordPath(record.id) !== path;
  const book = isBrought ? undefined : new Book(folder);
  const { run, pages } = book
    ? { run: book.run(record.id), pages: book }
    : (readBundle(besideRecord(path, 'made.json')) ?? {});
  const made = run && imageIn(run, image);
  return made && { record, pages: pages!, isBrought, run, made };
}

/** The newest run in which an image was built, failed, or is not what it was in the run before; and that one. */
export function newestPair(image: string, here: RunsHere): readonly [before: ImageRun, after: ImageRun] {
  let after: ImageRun | undefined;
  let newest: readonly [ImageRun, ImageRun] | undefined;
  for (const before of runsOf(image, here)) {
    if (after) {
      newest ??= [before, after];
      const status = after.record.images.find(({ id }) => id === image)?.status;
      if (after.made.made !== before.made.made || status === 'built' || status === 'failed' || status === 'blocked')
        return [before, after];
    }
    after = before;
  }
  if (newest) return newest;
  if (!after) throw unknownImage(image, here);
  throw new Mistake(
    `${image} has been built in only one run so far (${after.record.id})`,
    'there is nothing to compare it with',
  );
}

/** Explains what lies between two runs of an image. */
export function explainRuns({ image, stage, line }: Question, before: ImageRun, after: ImageRun): ImageExplanation {
  const [old, now] = comparable(before, after);
  const listOf = (name: string) => after.pages.list(name) ?? before.pages.list(name);
  const about = aboutOf({ image, stage, line }, now);
  const status = after.record.images.find(({ id }) => id === image)?.status;
  return {
    image,
    before: wordOf(before.record),
    after: wordOf(after.record),
    ...(status !== undefined && { status }),
    platforms: differencesOf(old, now, listOf).map((differences) =>
      explain(differences, { before: fatesOf(before), after: fatesOf(after), ...(about && { about }) }),
    ),
  };
}

/** What two runs were made of, in words that can be compared. */
function comparable(before: ImageRun, after: ImageRun): readonly [Components, Components] {
  const [old, now] = [componentsOf(before), componentsOf(after)];
  return before.isBrought || after.isBrought ? [unveiled(old), unveiled(now)] : [old, now];
}

/** What an image was made of; a `Mistake` where that is gone. */
export function componentsOf({ pages, made, record }: ImageRun): Components {
  const components = pages.components(made.made);
  if (components) return components;
  throw new Mistake(`what ${record.id} was made of was kept by another version of monokit, or is gone`);
}

/** What became of each step of a run, by its vertex. */
export function fatesOf({ record: { steps, startedAt: at }, run: { monokit, cache }, isBrought }: ImageRun): Fates {
  const of = new Map(steps.map(({ vertex, status }): [string, Fate] => [vertex, status]));
  return { of, monokit, cache, at, ...(isBrought && { elsewhere: true }) };
}

/** What names a run to people and programs. */
export function wordOf({ id, startedAt, git }: RunRecord): RunWord {
  return { id, startedAt, ...(git && { commit: git.commit }) };
}

/** Which steps a question is about; undefined for all. Throws where there is none. */
export function aboutOf({ image, stage, line }: Question, { platforms }: Components) {
  if (stage === undefined && line === undefined) return undefined;
  const about = (step: StepComponents) =>
    stage === undefined ? isAt(step, line!) : step.owner === undefined && stageOf(step) === stage;
  const steps = platforms.flatMap((platform) => platform.steps);
  if (steps.some(about)) return about;
  if (stage === undefined) {
    throw new Mistake(
      `no step of ${image} is from line ${line} of its Dockerfile`,
      `cli graph ${image} --level step lists them`,
    );
  }
  const stages = [...new Set(steps.flatMap((step) => (step.owner === undefined ? (stageOf(step) ?? []) : [])))];
  const near = nearest(stage, stages);
  throw new Mistake(
    `${image} was built without a stage ${JSON.stringify(stage)}`,
    near === undefined ? `it has ${stages.join(', ') || 'no stage with a name'}` : `did you mean ${image}#${near}?`,
  );
}

function isAt({ owner, lines }: StepComponents, line: number): boolean {
  return owner === undefined && lines !== undefined && lines[0] <= line && line <= lines[1];
}

function stageOf({ name }: StepComponents): string | undefined {
  return /^\[(?:[^\s\]]+\/[^\s\]]+ )?([^\s\]]+) +\d+\/\d+\]/.exec(name)?.[1];
}

/** Images that are named where somebody asks for another one. */
const most = 8;

/** Says that no run has an image, and which one may have been meant. */
export function unknownImage(image: string, here: RunsHere): Mistake {
  const known = new Set<string>();
  let runs = 0;
  for (const { record } of here.runs()) {
    runs++;
    for (const { id } of record.images) known.add(id);
  }
  if (runs === 0) return new Mistake('nothing has been built here yet', 'cli build all');
  const near = nearest(image, known);
  return new Mistake(
    `no run that is kept has built ${image === '' ? '""' : image} (${count(runs, 'run')})`,
    near === undefined
      ? `${runs === 1 ? 'it has' : 'they have'} built ${[...known].sort().slice(0, most).join(', ')}${known.size > most ? ', …' : ''}`
      : `did you mean ${near}?`,
  );
}
