// The graph as a tree of lines.

import { styleText } from 'node:util';
import { count, shortName } from '../ui/format.ts';
import { roomOf } from '../ui/terminal.ts';
import type { ShownGraph, ShownImage, ShownStep } from './graph.ts';

interface Branch {
  readonly text: string;
  readonly below: readonly Branch[];
}

/** Images below those that they are built from. One that several are built from stands below each. */
export function imageTree({ images }: ShownGraph, stream: NodeJS.WriteStream): string {
  const dependents = (id: string) => images.filter(({ needs }) => needs.includes(id));
  const branch = ({ id, needs, steps }: ShownImage, above: string | undefined): Branch => {
    const others = needs.filter((need) => need !== above);
    const facts = [
      ...(steps.length > 0 ? [count(steps.length, 'step')] : []),
      ...(others.length > 0 && above !== undefined ? [`also from ${others.join(', ')}`] : []),
    ];
    const dim = facts.length > 0 ? `  ${styleText('dim', facts.join(' · '), { stream })}` : '';
    return { text: `${id}${dim}`, below: dependents(id).map((each) => branch(each, id)) };
  };
  return images
    .filter(({ needs }) => needs.length === 0)
    .map((image) => lines(branch(image, undefined)))
    .join('');
}

/** Each image's stages with their steps, in the order in which they can run; shared steps tell with whom. */
export function stepTree({ images, steps }: ShownGraph, stream: NodeJS.WriteStream): string {
  return images
    .filter(({ steps: own }) => own.length > 0)
    .map(({ id, needs }) => {
      const own = steps.filter((step) => step.images.includes(id));
      const from = needs.length > 0 ? styleText('dim', `  built from ${needs.join(', ')}`, { stream }) : '';
      const base = (step: ShownStep) => needs.find((need) => step.images.includes(need));
      const stages = Map.groupBy(own, (step) => {
        const image = base(step);
        return image === undefined ? stageOf(step) : `of ${image}`;
      });
      const branches = [...stages].map(([stage, members]): Branch => ({
        text: stage,
        below: members.map((step) => ({ text: stepText(step, id, stream), below: [] })),
      }));
      // A Dockerfile with one stage needs no name for it.
      const below = branches.length === 1 ? branches[0]!.below : branches;
      return lines({ text: `${styleText('bold', id, { stream })}${from}`, below });
    })
    .join('\n');
}

function stepText({ name, images }: ShownStep, id: string, stream: NodeJS.WriteStream): string {
  const others = images.filter((each) => each !== id);
  const text = shortName(name);
  const columns = roomOf(stream);
  const shared =
    others.length > 3
      ? `shared with ${others.slice(0, 2).join(', ')} +${others.length - 2}`
      : `shared with ${others.join(', ')}`;
  const room = columns - 8 - (others.length > 0 ? shared.length + 2 : 0);
  const clipped = text.length > room ? `${text.slice(0, Math.max(20, room - 1))}…` : text;
  return others.length > 0 ? `${clipped}  ${styleText('cyan', shared, { stream })}` : clipped;
}

/** The stage in a step's name, `[build 2/5] RUN …`; contexts and what has no stage go by themselves. */
function stageOf({ name }: ShownStep): string {
  const [, stage] = /^\[(?:([^\]/]+) )?\d+\/\d+\]/.exec(name) ?? [];
  if (stage !== undefined) return stage;
  return /^\[\d+\/\d+\]/.test(name) ? 'stage' : 'sources';
}

function lines(root: Branch): string {
  const rows = [root.text];
  const walk = (below: readonly Branch[], indent: string) => {
    for (const [i, branch] of below.entries()) {
      const last = i === below.length - 1;
      rows.push(`${indent}${last ? '└─' : '├─'} ${branch.text}`);
      walk(branch.below, `${indent}${last ? '   ' : '│  '}`);
    }
  };
  walk(root.below, '');
  return `${rows.join('\n')}\n`;
}
