import type { RunEvent } from '@monokit/engine';
import { bytes, duration, shortDigest } from './format.ts';
import type { RunModel } from './model.ts';
import type { Symbols } from './symbols.ts';

/** `✔ web  1.3s  3.0 MiB  sha256:777777777777`: an image that is done. */
export function completedLine(
  model: RunModel,
  { task, at, size, digest }: Extract<RunEvent, { kind: 'task-completed' }>,
  symbols: Symbols,
): string {
  const { state, startedAt } = model.images.get(task)!;
  const cached = state.kind === 'cached';
  const facts = [
    startedAt === undefined || cached ? '' : duration(at - startedAt),
    size === undefined ? '' : bytes(size),
    digest ? shortDigest(digest) : '',
  ];
  return `${cached ? symbols.cached : symbols.built} ${[task, ...facts.filter(Boolean)].join('  ')}`;
}
