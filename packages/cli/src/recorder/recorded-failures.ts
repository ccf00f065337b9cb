// A run's failures as a record keeps them: with the lines that are meant, for files change.
import { isAbsolute, join } from 'node:path';
import { failedOf } from '@monokit/engine/std/failed';
import { excerpt } from '../ui/excerpt.ts';
import { failuresOf, neededImage } from '../ui/failures.ts';
import { chain, diagnosticsOf, messageOf, noteOf } from '../ui/failure.ts';
import type { ImageModel, RunModel } from '../ui/model.ts';
import type { RecordedFailure, RecordedStep } from '../runs/record.ts';

/** `errors` by image. */
export function recordedFailures(
  errors: ReadonlyMap<string, unknown>,
  { steps, folders }: { readonly steps: readonly RecordedStep[]; readonly folders: ReadonlyMap<string, string> },
): readonly RecordedFailure[] {
  if (errors.size === 0) return [];
  const images = [...errors].map(([id, error]): [string, ImageModel] => [
    id,
    { id, state: { kind: 'failed', error }, steps: [] },
  ]);
  const known = steps.map((step) => [step.vertex, { ...step, state: 'failed', tail: [], lines: 0 }] as const);
  const model = { startedAt: 0, images: new Map(images), steps: new Map(known) } as unknown as RunModel;
  return failuresOf(model, folders).map(({ error, step, source, images, blocked }): RecordedFailure => {
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
