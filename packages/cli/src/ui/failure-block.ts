import { isAbsolute, join } from 'node:path';
import { styleText } from 'node:util';
import { failedOf } from '@monokit/engine/std/failed';
import { excerpt } from './excerpt.ts';
import { chain, diagnosticsOf, messageOf } from './failure.ts';
import { duration } from './format.ts';
import type { ImageModel, RunModel, StepModel } from './model.ts';
import type { RunStart } from './renderer.ts';

/** What failed: what, where, the last lines it wrote, who it stops, and how to go on. One block however many images want it. */
export function failureBlocks(model: RunModel, { folders }: RunStart, stream: NodeJS.WriteStream): string[] {
  const groups = new Map<unknown, ImageModel[]>();
  for (const image of model.images.values()) {
    if (image.state.kind !== 'failed') continue;
    const { error } = image.state;
    const vertex = failedOf(error, 'vertex')?.failure as { vertex?: string } | undefined;
    const key = vertex?.vertex ?? error;
    groups.set(key, [...(groups.get(key) ?? []), image]);
  }
  return [...groups.values()].map((images) => block(images, model, folders, stream));
}

function block(
  images: readonly ImageModel[],
  model: RunModel,
  folders: RunStart['folders'],
  stream: NodeJS.WriteStream,
): string {
  const [first] = images;
  const error = first!.state.kind === 'failed' ? first!.state.error : undefined;
  const vertex = failedOf(error, 'vertex')?.failure as
    | { vertex: `sha256:${string}`; source?: StepModel['source'] }
    | undefined;
  const step = vertex && model.steps.get(vertex.vertex);
  const [cause, ...more] = chain(error);
  const dim = (text: string) => styleText('dim', text, { stream });
  const took =
    step?.startedAt !== undefined && step.endedAt !== undefined
      ? ` after ${duration(step.endedAt - step.startedAt)}`
      : '';
  const lines = [
    `${styleText('red', '✖', { stream })} ${styleText('bold', first!.id, { stream })}  ${step ? `${step.name}${took}` : ''}`.trimEnd(),
    '',
  ];

  const source = vertex?.source ?? step?.source;
  if (source) lines.push(...place(source.file, source.lines, exitNote(error)));
  for (const { file, range, message, hint, severity } of diagnosticsOf(error)) {
    if (severity === 'error' && range)
      lines.push(...place(file, [range.start.line, range.end.line], hint ? `${message}: ${hint}` : message));
  }
  if (step && step.tail.some((line) => line !== '')) {
    const shown = step.tail.filter((line, i) => i < step.tail.length - 1 || line !== '').slice(-40);
    if (step.lines > shown.length + 1) lines.push(dim(`  … last ${shown.length} of ${step.lines - 1} lines`));
    lines.push(...shown.map((line) => `   ${line}`), '');
  }
  lines.push(`  error: ${messageOf(cause)}`, ...more.map((each) => `    because ${messageOf(each)}`));
  const others = images.slice(1).map(({ id }) => id);
  if (others.length > 0) lines.push(dim(`  blocked: ${others.join(', ')}`));
  lines.push(dim(`  retry: cli build ${first!.id}`), '');
  return lines.join('\n');

  function place(file: string, range: readonly [number, number], note: string): string[] {
    const folder = folders.get(first!.id);
    const path = isAbsolute(file) || folder === undefined ? file : join(folder, file);
    const text = excerpt(path, range, { note });
    return [`  ${path}:${range[0]}`, ...(text === undefined ? [] : [text]), ''];
  }
}

function exitNote(error: unknown): string {
  const exit = failedOf(error, 'process-exit')?.failure as { code?: number } | undefined;
  return exit?.code === undefined ? 'failed' : `exited ${exit.code}`;
}
