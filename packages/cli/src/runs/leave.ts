// What a run leaves for other programs: its record as JSON (`--summarize`), and a trace of it (`--profile`).

import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { replaceFile } from '@monokit/engine/std/replace-file';
import { messageOf } from '../ui/failure.ts';
import type { RunRecord } from './record.ts';

export interface LeaveFlags {
  readonly summarize?: string | undefined;
  readonly profile?: string | undefined;
}

/** Whether anything is asked for. */
export function leavesFiles({ summarize, profile }: LeaveFlags): boolean {
  return summarize !== undefined || profile !== undefined;
}

/** Writes what flags ask for; without a file of its own the record is where it is, and the trace beside it. */
export async function leaveFiles(
  record: RunRecord,
  path: string,
  { summarize, profile }: LeaveFlags,
  { cwd, stderr }: { readonly cwd: string; readonly stderr: NodeJS.WriteStream },
): Promise<void> {
  const leave = async (what: string, file: string, text: (() => Promise<string>) | undefined) => {
    try {
      if (text) {
        mkdirSync(dirname(file), { recursive: true });
        replaceFile(file, await text());
      }
      stderr.write(`${what} ${file}\n`);
    } catch (error) {
      // The run is what it is, whoever could not be told.
      stderr.write(`warning: the ${what.replace(':', '')} could not be written: ${messageOf(error)}\n`);
    }
  };
  if (summarize !== undefined) {
    const given = summarize === '' ? undefined : async () => `${JSON.stringify(record, null, 2)}\n`;
    await leave('record:', given ? resolve(cwd, summarize) : path, given);
  }
  if (profile !== undefined) {
    const file = profile === '' ? path.replace(/\.json$/, '.trace.json') : resolve(cwd, profile);
    await leave('profile:', file, async () => `${JSON.stringify((await import('./trace.ts')).traceOf(record))}\n`);
  }
}
