// `# syntax=` and `BUILDKIT_SYNTAX`: which frontend a file is for, and leaving it to that one.

import { digestOf } from '../../oci/digest.ts';
import { hostPlatform } from '../../oci/platform.ts';
import type { Work } from '../../progress/work.ts';
import type { Range } from '../../std/diagnostic.ts';
import { Failed, failedOf } from '../../std/failed.ts';
import type { FrontendResult } from '../frontend.ts';
import { isBuiltIn } from '../syntax.ts';
import type { Surroundings } from './context.ts';
import { detectSyntax } from './directives.ts';
import { invalid, mistake, withPlace, isMistake, type DockerfileFailure } from './failure.ts';
import { findNamedContext } from './named-context.ts';
import { refused } from './options.ts';
import { lineRange, splitLines } from './parse.ts';
import type { Opened } from './source.ts';

type Options = Readonly<Record<string, string>>;

/** A frontend that is asked for. */
interface Syntax {
  readonly image: string;
  /** All that was written, which becomes its `cmdline`. */
  readonly cmdline: string;
  /** Undefined for one that a build argument names. */
  readonly range: Range | undefined;
}

/**
 * What another frontend makes of a file that asks for one; undefined if it is for this one. The Dockerfile language is
 * this one whatever its version, unless a named context says what stands for its image. The build tells which it was.
 */
export async function leaveToSyntax(
  opened: Opened,
  given: Options,
  surroundings: Surroundings & { readonly report: Work['report'] },
): Promise<FrontendResult | undefined> {
  const { options, bridge, signal, report } = surroundings;
  const syntax = syntaxOf(opened, surroundings);
  if (!syntax) return undefined;
  const { image, cmdline } = syntax;
  if (isBuiltIn(image) && !findNamedContext(image, hostPlatform(), options.contexts)) {
    tellBuiltIn(image, report);
    return undefined;
  }
  try {
    return await bridge.forward('gateway.v0', { ...given, cmdline, source: image });
  } catch (error) {
    if (signal.aborted || !(error instanceof Error)) throw error;
    throw failedFor(syntax, error, opened);
  }
}

function syntaxOf({ text }: Opened, { options }: Surroundings): Syntax | undefined {
  if (options.cmdline !== undefined) return undefined; // somebody decided before
  const asked = options.syntax?.trim();
  if (asked) return { image: asked.split(' ')[0]!, cmdline: asked, range: undefined };
  const body = Buffer.from(text.bytes).toString();
  const found = detectSyntax(body);
  return found && { ...found, range: lineRange(found.line, found.line, splitLines(body)) };
}

/** The failure with the line that asked for the frontend, unless it has a place of its own. */
function failedFor({ image, cmdline, range }: Syntax, error: Error, { text }: Opened): unknown {
  if (hasPlace(error)) return error;
  if (!range) {
    const failure = refused('build-arg:BUILDKIT_SYNTAX', `failed with BUILDKIT_SYNTAX=${cmdline}: ${error.message}`);
    return new Failed<DockerfileFailure>(failure.failure, { cause: error });
  }
  const lines = splitLines(Buffer.from(text.bytes).toString());
  const placed = isMistake(error)
    ? withPlace(error, range)
    : mistake(error.message, { token: image, range, cause: error });
  return invalid([placed as Failed<ReturnType<typeof mistake>['failure']>], { file: text.name, lines });
}

/** Whether a failure tells where in a file it happened. */
function hasPlace(error: Error): boolean {
  const vertex = failedOf(error, 'vertex')?.failure as { readonly source?: unknown } | undefined;
  if (vertex?.source) return true;
  const failure = error instanceof Failed ? (error.failure as { readonly diagnostics?: unknown }) : undefined;
  return failure?.diagnostics !== undefined;
}

function tellBuiltIn(image: string, report: Work['report']): void {
  const name = `${image} is built in: nothing is pulled for it`;
  const vertex = digestOf(name);
  report({ kind: 'vertex-known', vertex, at: Date.now(), name, inputs: [] });
  for (const kind of ['vertex-started', 'vertex-completed'] as const) report({ kind, vertex, at: Date.now() });
}
