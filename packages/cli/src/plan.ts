// What a build would do, asked of the cache: nothing is run, fetched or kept for it.
import { styleText } from 'node:util';
import { defineImages, type ShowInvocation } from './defined-images.ts';
import { graphOf, type ShownStep } from './graph/graph.ts';
import { count, shortName } from './ui/format.ts';
import { isInternal } from './ui/model.ts';

export interface Plan {
  readonly images: readonly PlannedImage[];
  /** Those that run or may run, inputs before what reads them. */
  readonly steps: readonly PlannedStep[];
}

export interface PlannedImage {
  readonly id: string;
  readonly run: number;
  readonly unknown: number;
  readonly cached: number;
}

export interface PlannedStep extends Omit<ShownStep, 'inputs'> {
  /** `unknown`: whether it runs depends on what a step before it makes. */
  readonly outlook: 'run' | 'unknown';
}

/** Asks what building the chosen images would do. */
export async function planOf(invocation: ShowInvocation, positionals: readonly string[]): Promise<Plan> {
  await using scope = new AsyncDisposableStack();
  const defined = await defineImages(invocation, positionals, scope);
  const [graph, outlooks] = await Promise.all([
    graphOf(defined),
    defined.engine.outlooks(defined.defined, { signal: invocation.signal, report: () => undefined }),
  ]);
  const byDigest = new Map(graph.steps.map((step) => [step.digest, step]));
  const inner = new Set(graph.steps.flatMap(({ inputs }) => inputs));
  // What only steps read that are there already is not needed.
  const needed = new Set<string>();
  const pending = graph.steps.filter(({ digest }) => !inner.has(digest)).map(({ digest }) => digest);
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    if (needed.has(digest) || outlooks.get(digest as never) === 'hit') continue;
    needed.add(digest);
    pending.push(...byDigest.get(digest)!.inputs);
  }
  const steps = graph.steps.flatMap(({ inputs: _inputs, ...step }): PlannedStep[] => {
    const outlook = outlooks.get(step.digest as never);
    if (!needed.has(step.digest) || outlook === 'look' || isInternal(step)) return [];
    return [{ ...step, outlook: outlook === 'open' ? 'unknown' : 'run' }];
  });
  const images = graph.images
    .filter((image) => image.steps.length > 0)
    .map(({ id, steps: own }): PlannedImage => {
      const planned = steps.filter(({ images: wanting }) => wanting.includes(id));
      const all = own.filter((digest) => !isInternal(byDigest.get(digest)!)).length;
      const run = planned.filter(({ outlook }) => outlook === 'run').length;
      const unknown = planned.length - run;
      return { id, run, unknown, cached: all - run - unknown };
    });
  return { images, steps };
}

/** The plan for people: each image with the steps that begin with it, and all of it in a line. */
export function planText({ images, steps }: Plan, stream: NodeJS.WriteStream): string {
  const dim = (text: string) => styleText('dim', text, { stream });
  const busy = images.filter(({ run, unknown }) => run + unknown > 0);
  const blocks = busy.map(({ id, run, unknown, cached }) => {
    const facts = [`${run} to run`, ...(unknown > 0 ? [`${unknown} unknown`] : []), `${cached} cached`];
    const own = steps.filter(({ images: [first] }) => first === id);
    const shared = steps.filter(({ images: wanting }) => wanting.includes(id)).length - own.length;
    const rows = own.map(({ name, outlook, images: wanting, source }) => {
      const others = wanting.length > 1 ? `  +${wanting.length - 1}` : '';
      const place = source ? `  ${source.file}:${source.lines[0]}` : '';
      return `  ${outlook === 'run' ? '▸' : '?'} ${shortName(name)}${dim(`${others}${place}`)}`;
    });
    const told = shared > 0 ? [dim(`    and ${count(shared, 'step')} that another image above runs`)] : [];
    return [`${styleText('bold', id, { stream })}  ${dim(facts.join(', '))}`, ...rows, ...told].join('\n');
  });
  const rest = images.length - busy.length;
  const run = steps.filter(({ outlook }) => outlook === 'run').length;
  const total = [
    `${count(run, 'step')} to run`,
    ...(steps.length > run ? [`${steps.length - run} that depend on what those make`] : []),
    ...(rest > 0 ? [`${count(rest, 'image')} up to date`] : []),
  ];
  return `${[...blocks, total.join(', ')].join('\n\n')}\n`;
}

/** Prints the plan; gives the exit code. */
export async function showPlan(invocation: ShowInvocation, format: 'text' | 'json'): Promise<number> {
  const plan = await planOf(invocation, invocation.positionals);
  const { stdout } = invocation;
  stdout.write(format === 'json' ? `${JSON.stringify(plan, null, 2)}\n` : planText(plan, stdout));
  return 0;
}
