import { availableParallelism, totalmem } from 'node:os';
import { recordVersion, type RecordedGit } from '../runs/record.ts';
import type { Redaction } from './redact.ts';
import type { RunBegin } from './run-begin.ts';

/** What a record says of a run before it tells of its images and steps. */
export function headerOf(
  { command, root, requests, selection, startedAt, monokit }: RunBegin,
  { id, redaction, git }: { readonly id: string; readonly redaction: Redaction; readonly git: RecordedGit | undefined },
) {
  return {
    version: recordVersion,
    id,
    command: redaction.words(command),
    root,
    selection: selection ?? requests.map((request) => request.id),
    startedAt,
    monokit,
    machine: {
      cpus: availableParallelism(),
      memory: totalmem(),
      platform: `${process.platform}/${process.arch}`,
    },
    ...(git && { git }),
  } as const;
}
