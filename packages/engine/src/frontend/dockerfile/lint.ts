import type { Definition } from '../../llb/definition.ts';
import { goJson } from '../../llb/go-json.ts';
import { definitionJson } from '../../llb/json.ts';
import type { Diagnostic } from '../../std/diagnostic.ts';
import { Failed } from '../../std/failed.ts';
import type { LintError, LintResults, LintWarning } from '../subrequests/lint.ts';
import { linesLocation, type LineRange, type Place } from '../subrequests/location.ts';
import type { DockerfileText, Surroundings } from './context.ts';
import { convertStages } from './convert.ts';
import type { DockerfileFailure } from './failure.ts';
import { withSource, type Opened } from './source.ts';

/**
 * What the rules find in a Dockerfile, and what keeps it from being built. All stages are looked at, or those that the
 * target needs if one is named.
 */
export async function lint(opened: Opened, surroundings: Surroundings): Promise<LintResults> {
  const found: Diagnostic[] = [];
  const { options, uniqueId } = surroundings;
  const noting: Surroundings = { ...surroundings, warn: (diagnostic) => found.push(diagnostic) };
  let buildError: LintError | undefined;
  try {
    const [platform] = options.platforms;
    await withSource(opened, noting, (source) =>
      convertStages(source, { platform, allStages: options.target === '' }, noting),
    );
  } catch (error) {
    surroundings.signal.throwIfAborted();
    if (!(error instanceof Failed)) throw error;
    buildError = errorOf((error as Failed<DockerfileFailure>).failure);
  }
  const definition = await opened.text.source.marshal({ localUniqueId: uniqueId });
  return {
    warnings: found.map(warningOf),
    sources: [sourceOf(opened.text, definition)],
    ...(buildError && { buildError }),
  };
}

/** Warnings are about whole lines, as BuildKit's are. */
function warningOf({ code, hint, url, message, range }: Diagnostic): LintWarning {
  return {
    ruleName: code,
    ...(hint !== undefined && { description: hint }),
    ...(url !== undefined && { url }),
    detail: message,
    location: range ? linesLocation(range.start.line, range.end.line) : {},
  };
}

/** All that is wrong as the one error that the answer has room for. */
function errorOf(failure: DockerfileFailure): LintError {
  if (failure.kind !== 'dockerfile-invalid') return { message: failure.message, location: {} };
  const { diagnostics } = failure;
  const ranges = diagnostics.flatMap(({ range }): LineRange[] =>
    range ? [{ start: placeOf(range.start), end: placeOf(range.end) }] : [],
  );
  return {
    message: diagnostics.map(({ message }) => message).join('\n'),
    location: ranges.length > 0 ? { ranges } : {},
  };
}

function placeOf({ line, column }: { readonly line: number; readonly column: number }): Place {
  return { line, ...(column > 1 && { character: column - 1 }) };
}

function sourceOf({ name, bytes }: DockerfileText, definition: Definition) {
  return {
    filename: name,
    data: Buffer.from(bytes).toString('base64'),
    definition: JSON.parse(goJson(definitionJson(definition))) as unknown,
    language: 'Dockerfile',
  };
}
