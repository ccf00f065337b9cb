// An explanation for people: the chain from the image to what is not as it was, and what followed from it.

import { styleText } from 'node:util';
import { clip, widthOf } from '../ui/columns.ts';
import { count, shortName, shownLine } from '../ui/format.ts';
import { roomOf } from '../ui/terminal.ts';
import type { ExplainedCause, Explanation, OtherCache } from './explanation.ts';
import type { ImageExplanation } from './why.ts';

/** Causes of one step that are shown. */
const mostShown = 10;

/** How it is written: `width` is that of a terminal, and boundless elsewhere. */
interface Look {
  readonly dim: (text: string) => string;
  readonly width: number;
  readonly next: boolean;
}

/** All that there is to say of an image; ends in a line break. */
export function explanationText(explanation: ImageExplanation, stream: NodeJS.WriteStream): string {
  const { image, before, after, status, platforms } = explanation;
  const look: Look = {
    dim: (text) => styleText('dim', text, { stream }),
    width: roomOf(stream),
    next: !after,
  };
  const compared = after ? `run ${after.id}, compared with ${before.id}` : `the next build, compared with ${before.id}`;
  const head = [status, compared].filter((part) => part !== undefined).join(' · ');
  const isWide = widthOf(`${image}  ${head}`) > look.width;
  const name = styleText('bold', image, { stream });
  const lines = isWide
    ? [`${name}${status === undefined ? '' : `  ${look.dim(status)}`}`, `  ${look.dim(compared)}`]
    : [`${name}  ${look.dim(head)}`];
  for (const platform of platforms) {
    lines.push('', ...(platforms.length > 1 ? [look.dim(platform.platform)] : []));
    lines.push(...platformLines(image, platform, look));
  }
  return `${lines.join('\n')}\n`;
}

function platformLines(
  image: string,
  { causes, ran, shared, unknown, stopped, otherCache }: Explanation,
  look: Look,
): readonly string[] {
  const { dim, next } = look;
  const run = next ? 'would run' : 'ran';
  const inOther = otherCache ? [dim(otherCacheText(otherCache, { run, isAll: otherCache.steps === ran }))] : [];
  // Where a step failed, it goes without saying that later ones did not come to their end.
  const over = stopped > 0 && ran === 0 ? [dim(`the run was over before ${count(stopped, 'step')} had ended`)] : [];
  if (causes.length === 0) {
    const nothing = ran > 0 ? 'nothing that is known of it differs' : `nothing differs, and nothing ${run}`;
    return [nothing, ...inOther, ...over];
  }
  const groups = Map.groupBy(causes, ({ step, what }) => step?.vertex ?? what);
  const lines = [...groups.values()].flatMap((group) => groupLines(image, group, look));
  if (shared > 0) lines.push(dim(`${count(shared, 'later step')} ${run} because of several of these`));
  if (unknown > 0) lines.push(dim(`${count(unknown, 'step')} may run, depending on what those make`));
  lines.push(...inOther, ...over);
  if (ran === 0 && unknown === 0 && stopped === 0) lines.push(dim(`all of it ${next ? 'is' : 'was'} in the cache`));
  return lines;
}

/** `12 steps ran since the cache is another one: /a→/b`. */
function otherCacheText(
  { steps, before, after }: OtherCache,
  { run, isAll }: { readonly run: string; readonly isAll: boolean },
): string {
  const which = before === after ? "another machine's" : `another one: ${before}→${after}`;
  return shownLine(`${count(steps, isAll ? 'step' : 'other step')} ${run} since the cache is ${which}`);
}

/** What differs in one step: in one line if that is one thing, and there is room. */
function groupLines(image: string, group: readonly ExplainedCause[], { dim, width, next }: Look): readonly string[] {
  const [{ step, owner }] = group as readonly [ExplainedCause];
  const at = step?.file === undefined || step.line === undefined ? '' : `${step.file}:${step.line}`;
  const place = at === '' || group.some(({ what }) => what === at) ? '' : `  ${at}`;
  const chain = [image, owner, step && shownLine(shortName(step.name))]
    .filter((part) => part !== undefined)
    .join(' → ');
  const [first = '', ...more] = group.slice(0, mostShown).map(causeText);
  const only = group.reduce((sum, each) => sum + each.only, 0);
  const hints = [...new Set(group.flatMap(({ hint }) => hint ?? []))];
  const whole = `${chain} → ${first}`;
  const told =
    more.length === 0 && widthOf(`${whole}${place}`) <= width
      ? [`${whole}${dim(place)}`]
      : [
          `${clip(chain, width - widthOf(place))}${dim(place)}`,
          ...[first, ...more].map((cause) => clip(`  → ${cause}`, width)),
        ];
  return [
    ...told,
    ...(group.length > mostShown ? [`  → ${group.length - mostShown} more`] : []),
    ...(only > 0 ? [dim(`  ${count(only, 'later step')} ${next ? 'would run' : 'ran'} only because of this`)] : []),
    ...hints.map((hint) => dim(`  would not ${next ? 'happen' : 'have happened'} if ${shownLine(hint)}`)),
  ];
}

function causeText({ kind, what, how, from }: ExplainedCause): string {
  if (kind === 'again') return `${what}: ${how}`;
  return shownLine(`${what}  ${how}${from === undefined ? '' : ` (${from})`}`);
}
