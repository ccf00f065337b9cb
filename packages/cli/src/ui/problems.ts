// Failures and warnings by their places, for those who show them beside the files.

import { isAbsolute, join, relative } from 'node:path';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { diagnosticsOf, messageOf } from './failure.ts';
import { failuresOf } from './failures.ts';
import { shortName } from './format.ts';
import type { RunModel } from './model.ts';
import { neededImage } from './outcome.ts';
import type { RunStart } from './renderer.ts';

export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Relative to the checkout, where it is below. */
  readonly file: string;
  /** Counted from 1, `endLine` inclusive. */
  readonly line: number;
  readonly endLine: number;
  readonly column?: number;
  readonly title: string;
  readonly message: string;
  /** The rule, or what kind of failure it is. */
  readonly code: string;
}

/** Every problem that has a place. */
export function problemsOf(
  model: RunModel,
  { folders }: Pick<RunStart, 'folders'>,
  { warnings, env }: { readonly warnings: readonly Diagnostic[]; readonly env: NodeJS.ProcessEnv },
): readonly Problem[] {
  const root = checkoutOf(env);
  const at = (file: string, folder: string | undefined) => {
    const path = isAbsolute(file) || folder === undefined ? file : join(folder, file);
    const inside = root === undefined ? path : relative(root, path);
    return inside.startsWith('..') ? path : inside;
  };
  const failures = failuresOf(model).flatMap(({ error, step, source, images }): Problem[] => {
    const whose = images.join(', ');
    const folder = folders.get(neededImage(error) ?? images[0]!);
    const told = diagnosticsOf(error)
      .filter(({ severity }) => severity === 'error')
      .flatMap((diagnostic) => ofDiagnostic(diagnostic, at(diagnostic.file, folder), whose));
    if (told.length > 0 || !source) return told;
    const [line, endLine] = source.lines;
    const title = `${whose} ${step ? shortName(step.name) : ''}`.trim();
    const message = messageOf(error);
    return [
      { severity: 'error', code: 'step-failed', file: at(source.file, source.folder), line, endLine, title, message },
    ];
  });
  return [
    ...failures,
    ...warnings.flatMap((warning) => ofDiagnostic(warning, at(warning.file, undefined), warning.code)),
  ];
}

function ofDiagnostic({ severity, code, range, message, hint }: Diagnostic, file: string, title: string): Problem[] {
  if (!range) return [];
  const { start, end } = range;
  const text = hint === undefined || message.includes(hint) ? message : `${message}: ${hint}`;
  const column = start.column > 1 ? { column: start.column } : {};
  return [
    {
      severity,
      code,
      file,
      line: start.line,
      endLine: Math.max(start.line, end.line),
      ...column,
      title,
      message: text,
    },
  ];
}

/** The folder that the CI checked out. */
function checkoutOf(env: NodeJS.ProcessEnv): string | undefined {
  return (
    env['GITHUB_WORKSPACE'] ||
    env['CI_PROJECT_DIR'] ||
    env['BUILDKITE_BUILD_CHECKOUT_PATH'] ||
    env['BUILD_SOURCESDIRECTORY'] ||
    undefined
  );
}
