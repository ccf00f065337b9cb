// Build arguments that the caller misspelt: nothing declares them, and something nearly of that name is declared.

import type { Diagnostic } from '../../std/diagnostic.ts';
import { nearest } from '../../std/nearest.ts';
import type { Program } from './read.ts';

/** What every build takes without an ARG for it. */
const taken = /^(?:(?:https?|ftp|no|all)_proxy|BUILDKIT_.*|SOURCE_DATE_EPOCH|(?:BUILD|TARGET)[A-Z]+)$/i;

/** A warning for each argument of `given` that looks like a slip. Others may be meant for other images of a build. */
export function misspeltArgs(given: Iterable<string>, { globalArgs, stages }: Program, file: string): Diagnostic[] {
  const instructions = [...globalArgs, ...stages.flatMap((stage) => stage.instructions)];
  const declared = new Set(
    instructions.flatMap((each) => (each.kind === 'arg' ? each.declared.map(({ key }) => key) : [])),
  );
  return Array.from(given).flatMap((name): Diagnostic[] => {
    if (declared.has(name) || taken.test(name)) return [];
    const meant = nearest(name, declared);
    if (meant === undefined) return [];
    const message = `No ARG declares the build argument ${name} (did you mean ${meant}?)`;
    return [{ severity: 'warning', code: 'UnusedBuildArg', message, file }];
  });
}
