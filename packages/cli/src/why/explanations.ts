// From the words of `cli why` to explanations.

import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { Mistake, NothingSelected } from '../mistake.ts';
import { besideRecord } from '../runs/runs-folder.ts';
import type { KeptRun, RunsHere } from '../runs/runs-here.ts';
import type { ShowInvocation } from '../tasks/defined-images.ts';
import { questionOf, type Question } from './question.ts';
import {
  explainRuns,
  imageRun,
  newestPair,
  runsOf,
  unknownImage,
  type ImageExplanation,
  type ImageRun,
} from './why.ts';

export interface Asked {
  /** An image, its stage or line; all that the last run built where there is none, or `all`. */
  readonly word: string | undefined;
  /** None, or two. */
  readonly runs: readonly string[];
  readonly vs: string | undefined;
  readonly next: boolean;
}

export async function explanations(
  invocation: ShowInvocation,
  { word, runs, vs, next }: Asked,
  here: RunsHere,
): Promise<readonly ImageExplanation[]> {
  const questions =
    word === undefined || word === 'all' ? imagesOf(here, next) : [questionOf(word, (id) => isKnown(id, here))];
  if (next) return (await import('./next.ts')).explainNext(invocation, questions, here);
  return questions.map((question) => {
    const { image } = question;
    if (runs.length === 2) {
      const [before, after] = runs.map((run) => runOf(image, here.find(run), here));
      return explainRuns(question, before!, after!);
    }
    if (vs !== undefined) {
      const [last] = runsOf(image, here);
      if (!last) throw unknownImage(image, here);
      return explainRuns(question, versus(image, vs, here, invocation.cwd), last);
    }
    return explainRuns(question, ...newestPair(image, here));
  });
}

/** Images that the last run had to do with: those that it built, and for the next build all. */
function imagesOf(here: RunsHere, all: boolean): readonly Question[] {
  const { record } = here.find('@last');
  const images = record.images.filter(({ status }) => all || status === 'built' || status === 'failed');
  if (images.length === 0) throw new NothingSelected('the last run built nothing: all of it was in the cache');
  return images.map(({ id }) => ({ image: id }));
}

function isKnown(id: string, here: RunsHere): boolean {
  return here.runs().some(({ record }) => record.images.some((image) => image.id === id));
}

function runOf(image: string, kept: KeptRun, here: RunsHere): ImageRun {
  const run = imageRun(image, kept);
  if (run) return run;
  const ids = kept.record.images.map(({ id }) => id);
  if (ids.includes(image)) {
    throw new Mistake(
      `what ${image} was made of in the run ${kept.record.id} is not known`,
      `it lies beside a record as ${basename(besideRecord(kept.path, 'made.json'))}; --summarize=FILE leaves both`,
    );
  }
  if (!isKnown(image, here)) throw unknownImage(image, here);
  throw new Mistake(`the run ${kept.record.id} did not build ${image}`, `it built ${ids.join(', ') || 'nothing'}`);
}

/** The run that `--vs` means: a run, or the newest one at a commit. */
function versus(image: string, word: string, here: RunsHere, cwd: string): ImageRun {
  if (here.knows(word)) return runOf(image, here.find(word), here);
  const { status, stdout } = spawnSync(
    'git',
    ['-C', cwd, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${word}^{commit}`],
    { encoding: 'utf8' },
  );
  const commit = stdout?.trim();
  if (status !== 0 || !commit) {
    throw new Mistake(
      `${JSON.stringify(word)} is neither a run nor a commit here`,
      'cli runs ls lists the runs that are kept',
    );
  }
  const at = [...runsOf(image, here)].filter(({ record: { git } }) => git?.commit === commit);
  const found = at.find(({ record: { git } }) => git?.dirty === false) ?? at[0];
  if (found) return found;
  throw new Mistake(
    `no run that is kept has built ${image} at ${word} (${commit.slice(0, 12)})`,
    'cli runs ls lists them',
  );
}
