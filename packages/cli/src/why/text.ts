// An explanation for people: the chain from the image to what is not as it was, and what followed from it.
import { styleText } from 'node:util';
import { count, shortName } from '../ui/format.ts';
import type { ExplainedCause, Explanation } from './explanation.ts';
import type { ImageExplanation } from './why.ts';

/** Causes of one step that are shown. */
const mostShown = 10;

/** All that there is to say of an image; ends in a line break. */
export function explanationText(explanation: ImageExplanation, stream: NodeJS.WriteStream): string {
  const { image, before, after, status, platforms } = explanation;
  const dim = (text: string) => styleText('dim', text, { stream });
  const several = platforms.length > 1;
  const compared = after ? `run ${after.id}, compared with ${before.id}` : `the next build, compared with ${before.id}`;
  const lines = [`${styleText('bold', image, { stream })}  ${dim([status, compared].filter(Boolean).join(' · '))}`];
  for (const platform of platforms) {
    lines.push(
      '',
      ...(several ? [dim(platform.platform)] : []),
      ...platformLines(image, platform, { dim, next: !after }),
    );
  }
  return `${lines.join('\n')}\n`;
}

function platformLines(
  image: string,
  { causes, ran, shared, unknown }: Explanation,
  { dim, next }: { readonly dim: (text: string) => string; readonly next: boolean },
): readonly string[] {
  if (causes.length === 0) {
    return [
      ran > 0 ? 'nothing that is kept of it differs' : 'nothing differs, and nothing ' + (next ? 'would run' : 'ran'),
    ];
  }
  const groups = Map.groupBy(causes, ({ step, what }) => step?.vertex ?? what);
  const lines = [...groups.values()].flatMap((group) => groupLines(image, group, { dim, next }));
  const run = next ? 'would run' : 'ran';
  if (shared > 0) lines.push(dim(`${count(shared, 'later step')} ${run} because of several of these`));
  if (unknown > 0) lines.push(dim(`${count(unknown, 'step')} may run, depending on what those make`));
  if (ran === 0 && unknown === 0) lines.push(dim(`all of it ${next ? 'is' : 'was'} in the cache`));
  return lines;
}

function groupLines(
  image: string,
  group: readonly ExplainedCause[],
  { dim, next }: { readonly dim: (text: string) => string; readonly next: boolean },
): readonly string[] {
  const [first] = group;
  const { step, owner } = first!;
  const at = step?.file === undefined || step.line === undefined ? '' : `${step.file}:${step.line}`;
  const place = at === '' || group.some(({ what }) => what === at) ? '' : dim(`  ${at}`);
  const chain = [image, owner, step && shortName(step.name)].filter((part) => part !== undefined).join(' → ');
  const only = group.reduce((sum, each) => sum + each.only, 0);
  const shown = group.slice(0, mostShown);
  const hints = [...new Set(group.flatMap(({ hint }) => hint ?? []))];
  return [
    ...(group.length === 1
      ? [`${chain} → ${causeText(first!)}${place}`]
      : [`${chain}${place}`, ...shown.map((cause) => `  → ${causeText(cause)}`)]),
    ...(group.length > shown.length ? [`  → ${group.length - shown.length} more`] : []),
    ...(only > 0 ? [dim(`  ${count(only, 'later step')} ${next ? 'would run' : 'ran'} only because of this`)] : []),
    ...hints.map((hint) => dim(`  would not ${next ? 'happen' : 'have happened'} if ${hint}`)),
  ];
}

function causeText({ kind, what, how, from }: ExplainedCause): string {
  if (kind === 'again') return `${what}: ${how}`;
  return `${what}  ${how}${from === undefined ? '' : ` (${from})`}`;
}
