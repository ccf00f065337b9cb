// What `plan`, `build --frozen` and `why --next` say before a build, held against what the build then does.

import { join } from 'node:path';
import { Random } from '../rig/random.ts';
import { changes } from './changes.ts';
import { Repository, type Built, type Planned } from './repository.ts';

export interface PlanFindings {
  /** Steps foretold. */
  readonly steps: number;
  /** Of those, steps of which only the build tells. */
  readonly unknown: number;
  readonly wrong: readonly string[];
}

/** One workspace and some changes to it; at last the same with an empty cache beside one that was exported. */
export async function tryPlan(seed: number, rounds: number): Promise<PlanFindings> {
  await using repository = await Repository.open(seed);
  const { workspace } = repository;
  const random = new Random(seed * 104_729);
  const wrong: string[] = [];
  let [steps, unknown] = [0, 0];
  const hold = async (what: string, ...flags: string[]) => {
    const planned = await repository.plan(...flags);
    if (!planned) return undefined;
    const frozen = await repository.run(['build', 'all', '--frozen', ...flags]);
    const next = await repository.why();
    // Runs of one process began at once, so only one may be the last.
    await repository.run(['runs', 'rm', '--all']);
    const built = await repository.build(...flags);
    steps += planned.steps.length;
    unknown += planned.steps.filter(({ outlook }) => outlook === 'unknown').length;
    const words = [...disagreements(planned, built), ...frozenDisagreements(planned, frozen.code)];
    wrong.push(...words.map((each) => `seed ${seed}, ${what}: ${each}`));
    return { planned, built, next };
  };
  let before = await hold('first');
  for (let round = 0; round < rounds; round++) {
    const name = random.pick(Object.keys(changes));
    const told = changes[name]!(workspace, random) ?? 'nothing';
    const what = `round ${round}: ${told}`;
    const held = await hold(what);
    // Where all was built before, what runs now runs for this change.
    const path = name === 'a file' && before?.built.failed === false ? told.split(' has ')[0]! : undefined;
    if (held && path !== undefined && held.planned.steps.some(({ outlook }) => outlook === 'run')) {
      if (!held.next.includes(path)) wrong.push(`seed ${seed}, ${what}: why names ${held.next.join() || 'nothing'}`);
    }
    before = held;
    // What was there before is found again; or the changes add up.
    if (random.once(2)) workspace.undo();
  }
  workspace.undo();
  const dest = join(repository.rig.root, 'exported');
  await repository.build('--cache-to', `type=local,dest=${dest},mode=max`);
  repository.forget();
  const flags = ['--cache-from', `type=local,src=${dest}`];
  changes['a file']!(workspace, random);
  await hold('from an exported cache', ...flags);
  await hold('again', ...flags);
  return { steps, unknown, wrong };
}

/** By what steps do: of those that do the same in several images one runs, and which is nobody's business. */
function* disagreements({ steps }: Planned, { ran, cached, names, failed }: Built): Generator<string> {
  const told = steps.filter(({ name }) => isWork(name));
  const ofOutlook = (...wanted: readonly string[]) =>
    told.filter(({ outlook }) => wanted.includes(outlook)).map(({ name }) => deed(name));
  const really = [...ran]
    .flatMap((step) => names.get(step) ?? [])
    .filter(isWork)
    .map(deed);
  // By name alone: an image that waits for another has some steps again, and finds them.
  const foretold = new Set([...ofOutlook('cached', 'needless', 'unknown'), ...really]);
  const found = new Set(
    [...cached]
      .flatMap((step) => names.get(step) ?? [])
      .filter(isWork)
      .map(deed),
  );
  if (!failed) for (const name of without(ofOutlook('run'), really)) yield `${name} was to run, and did not`;
  for (const name of without(really, ofOutlook('run', 'unknown'))) yield `${name} ran, and was not to`;
  for (const name of found.difference(foretold)) yield `${name} was found, and not foretold`;
}

/** Whether it does something; what only looks is looked at each time. */
function isWork(name: string): boolean {
  return !/^\[internal\]|load from client$|load metadata for /.test(name);
}

/** A step's instruction, without its number in one image. */
function deed(name: string): string {
  return name.replace(/^\[[^\]]*\] /, '');
}

function without(all: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return all.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function* frozenDisagreements({ steps }: Planned, code: number): Generator<string> {
  const isOpen = steps.some(({ outlook }) => outlook === 'run' || outlook === 'unknown');
  if (isOpen !== (code === 5)) yield `--frozen ended with ${code}, with ${isOpen ? 'steps' : 'nothing'} to run`;
}
