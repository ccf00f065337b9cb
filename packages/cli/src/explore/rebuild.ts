// What an edit makes a build run again: steps of the new graph that are not in the old one, and why.

import type { DetailedStep } from '../graph/details.ts';
import { titleOf } from '../graph/step-title.ts';

export interface Rebuild {
  /** Steps that are not in the old graph, by digest. */
  readonly steps: Readonly<Record<string, Reason>>;
  /** How many of the old graph's steps are not in the new one. */
  readonly gone: number;
}

export interface Reason {
  /** `changed`: it does something else itself; `follows`: it does the same to what another step gives. */
  readonly kind: 'changed' | 'follows';
  /** One line for people. */
  readonly because: string;
  /** The changed steps that it goes back to, itself for `changed`. */
  readonly roots: readonly string[];
}

/** Compares graphs by digests, as a cache does by definition. Inputs stand before what reads them. */
export function rebuildOf(before: readonly DetailedStep[], after: readonly DetailedStep[]): Rebuild {
  const old = new Set(before.map(({ digest }) => digest));
  const oldOwn = new Set(before.map(({ own }) => own));
  const steps: Record<string, Reason> = {};
  const byDigest = new Map(after.map((step) => [step.digest, step]));
  for (const step of after) {
    if (old.has(step.digest)) continue;
    const roots = [...new Set(step.inputs.flatMap((input) => steps[input]?.roots ?? []))];
    const follows = roots.length > 0 && oldOwn.has(step.own);
    steps[step.digest] = follows
      ? {
          kind: 'follows',
          because: `follows ${roots.map((root) => placeOf(byDigest.get(root)!)).join(' and ')}`,
          roots,
        }
      : { kind: 'changed', because: changeOf(step, before, after), roots: [step.digest] };
  }
  const now = new Set(after.map(({ digest }) => digest));
  return { steps, gone: before.filter(({ digest }) => !now.has(digest)).length };
}

function placeOf({ source, name }: DetailedStep): string {
  return source ? `line ${source.lines[0]}` : titleOf(name).text;
}

/** What differs between a step and the one that stood in its place. */
function changeOf(step: DetailedStep, before: readonly DetailedStep[], after: readonly DetailedStep[]): string {
  const { stage, text } = titleOf(step.name);
  const alike = before.filter((each) => each.kind === step.kind && titleOf(each.name).stage === stage);
  const former = alike.find((each) => titleOf(each.name).text === text);
  if (!former) {
    if (stage !== '' && !before.some((each) => titleOf(each.name).stage === stage)) return `the stage ${stage} is new`;
    const gone = alike.filter(({ own }) => !after.some((each) => each.own === own));
    return gone.length === 1 ? `was ${shortened(titleOf(gone[0]!.name).text)}` : `${placeOf(step)} changed`;
  }
  if (former.platform !== step.platform) return `for ${step.platform}, was for ${former.platform}`;
  const [now, then] = [step, former].map(({ facts }) => facts.map((fact) => fact.replaceAll(/#\d+/g, '#')));
  const [added, gone] = [now!.filter((fact) => !then!.includes(fact)), then!.filter((fact) => !now!.includes(fact))];
  const name = (fact: string) => /^env ([^=]+)=/.exec(fact)?.[1];
  const variables = [...new Set([...added, ...gone].flatMap((fact) => name(fact) ?? []))];
  if (variables.length > 0) return `another environment: ${variables.join(', ')}`;
  const [first] = [...added, ...gone];
  return first === undefined ? 'other inputs' : `was otherwise: ${shortened(gone[0] ?? `without ${first}`)}`;
}

function shortened(fact: string): string {
  return fact.length > 60 ? `${fact.slice(0, 59)}…` : fact;
}
