// A run's failures as a record keeps them: with the lines that are meant, for files change.

import { isAbsolute, join } from 'node:path';
import type { RunEvent } from '@monokit/engine';
import { failedOf } from '@monokit/engine/std/failed';
import { runModel } from '../runs/model-of.ts';
import type { RecordedFailure, RecordedStep } from '../runs/record.ts';
import { excerpt } from '../ui/excerpt.ts';
import { chain, diagnosticsOf, messageOf, noteOf } from '../ui/failure.ts';
import { failuresOf } from '../ui/failures.ts';
import type { ImageState, RunModel } from '../ui/model.ts';
import { neededImage } from '../ui/outcome.ts';
import { reduce } from '../ui/reduce.ts';

/** An image was not built. */
export type ImageEnd = Extract<RunEvent, { readonly kind: 'task-failed' | 'task-blocked' | 'task-cancelled' }>;

/** What became of images that were not built, and why, from the events of their ends. */
export function recordedEnds(
  ends: readonly ImageEnd[],
  {
    ids,
    steps,
    folders,
  }: {
    readonly ids: readonly string[];
    readonly steps: readonly RecordedStep[];
    readonly folders: ReadonlyMap<string, string>;
  },
): { readonly states: ReadonlyMap<string, ImageState>; readonly failures: readonly RecordedFailure[] } {
  if (ends.length === 0) return { states: new Map(), failures: [] };
  const model = ends.reduce<RunModel>(reduce, runModel({ ids, startedAt: 0, folders, steps }));
  const states = new Map([...model.images].map(([id, { state }]) => [id, state]));
  return { states, failures: failuresIn(model) };
}

function failuresIn(model: RunModel): readonly RecordedFailure[] {
  const { folders } = model;
  return failuresOf(model).map(({ error, step, source, images, blocked }): RecordedFailure => {
    const [cause, ...more] = chain(error).map(messageOf);
    const exitCode = (failedOf(error, 'process-exit')?.failure as { readonly code?: number } | undefined)?.code;
    const [problem] = diagnosticsOf(error).filter(({ severity, range }) => severity === 'error' && range);
    const range = problem?.range;
    const where = range
      ? {
          file: problem.file,
          folder: folders.get(neededImage(error) ?? images[0]!),
          lines: [range.start.line, range.end.line] as const,
        }
      : source;
    const path =
      where && (isAbsolute(where.file) || where.folder === undefined ? where.file : join(where.folder, where.file));
    const note = problem ? noteOf(problem) : exitCode === undefined ? 'failed' : `exited ${exitCode}`;
    const text = where && excerpt(path!, where.lines, { note });
    return {
      images,
      blocked,
      ...(step && { step: step.vertex }),
      message: cause ?? '',
      because: more,
      ...(exitCode !== undefined && { exitCode }),
      ...(where && { place: { path: path!, lines: where.lines } }),
      ...(text !== undefined && { excerpt: text }),
    };
  });
}
