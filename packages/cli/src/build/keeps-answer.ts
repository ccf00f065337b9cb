import type { Task } from '@monokit/engine';
import type { Invocation } from '../command.ts';
import type { imageFlags, workFlags } from '../flags/build.ts';
import { progressMode } from '../flags/progress-mode.ts';
import { leavesFiles } from '../runs/leave.ts';
import { reportsOf } from '../ui/report-files.ts';

/** Whether the next call with the same words can be answered by what this one tells, if nothing changes before it. */
export function keepsAnswer(
  { flags, positionals, answerPath, env }: Invocation<typeof imageFlags & typeof workFlags>,
  tasks: readonly Task[],
): boolean {
  const told = progressMode(flags, env) !== 'json' && !flags.verbose;
  const written =
    flags['metadata-file'] !== undefined || flags.iidfile !== undefined || leavesFiles(flags) || reportsOf(flags, env);
  const lent = flags.secret.length > 0 || flags.ssh.length > 0;
  const stdin = positionals.includes('-') || flags.file.includes('-');
  return answerPath !== undefined && told && !written && !lent && !stdin && !tasks.some(attests);
}

/** What is said of an image may tell of the repository around it, which answers do not watch. */
function attests({ request: { source } }: Task): boolean {
  return Object.keys(source.options ?? {}).some((name) => /^(attest:|build-arg:BUILDKIT_ATTEST_)/.test(name));
}
