import { dirname, resolve } from 'node:path';
import { cachePath } from '@monokit/engine/cache-path';
import { replaceFile } from '@monokit/engine/std/replace-file';
import type { Invocation } from '../command.ts';
import { leaveFiles, leavesFiles, type LeaveFlags } from '../runs/leave.ts';
import type { RunRecord } from '../runs/record.ts';
import { besideRecord, RunsFolder, runsPath } from '../runs/runs-folder.ts';
import type { Chosen } from '../tasks/tasks.ts';
import { messageOf } from '../ui/failure.ts';
import { version } from '../version.ts';
import { Book } from '../why/book.ts';
import { bundleOf } from '../why/bundle.ts';
import { Recorder } from './recorder.ts';
import type { RunBegin } from './run-begin.ts';

/** What says where the runs of a command line are kept. */
export type Recording = Pick<Invocation, 'words' | 'cwd' | 'env' | 'signal' | 'stderr'> & {
  readonly flags: { readonly 'cache-dir': string | undefined } & LeaveFlags;
};

/** What is built, and for which workspace: as `chosenTasks` gives it. */
export type RecordedWork = Pick<Chosen, 'tasks' | 'runsRoot' | 'folderOf'> &
  Partial<Pick<Chosen, 'meant'>> & { readonly settings: Pick<Chosen['settings'], 'cacheDir'> };

/** Where the runs of what was chosen are kept. */
export function runsPathOf(
  { runsRoot, settings }: Pick<RecordedWork, 'runsRoot' | 'settings'>,
  { env, flags }: Pick<Recording, 'env' | 'flags'>,
): string {
  return runsPath({ root: runsRoot, env, asked: flags['cache-dir'] ?? settings.cacheDir });
}

/** Begins to write down a run. */
export function recordRun(
  { words, cwd, env, signal, stderr, flags }: Recording,
  { tasks, meant, runsRoot, folderOf, settings }: RecordedWork,
  { startedAt, keeps = 'every' }: Pick<RunBegin, 'startedAt'> & Partial<Pick<RunBegin, 'keeps'>>,
): Recorder {
  const cacheDir = flags['cache-dir'] ?? settings.cacheDir;
  const typed = words.some((word) => word.startsWith('--cache-dir'));
  return new Recorder({
    path: runsPathOf({ runsRoot, settings }, { env, flags }),
    command: words,
    root: runsRoot,
    requests: tasks.map(({ request }) => request),
    ...(meant && { selection: [...meant] }),
    folders: folderOf,
    startedAt,
    // What the environment or the config says, they will say again.
    ...(typed && flags['cache-dir'] !== undefined && { cacheDir: flags['cache-dir'] }),
    env,
    monokit: version(),
    cache: cachePath({ env, ...(cacheDir !== undefined && { asked: cacheDir }) }),
    keeps,
    signal,
    ...(leavesFiles(flags) && {
      written: async (record: RunRecord, path: string) => {
        await leaveFiles(record, path, flags, { cwd, stderr });
        if (flags.summarize) leaveBundle(record.id, { from: path, beside: resolve(cwd, flags.summarize), stderr });
      },
    }),
    warn: (message) => void stderr.write(`warning: ${message}\n`),
  });
}

/** Leaves what the images were made of beside a record, for `cli why` on another machine. */
function leaveBundle(
  id: string,
  { from, beside, stderr }: { readonly from: string; readonly beside: string; readonly stderr: NodeJS.WriteStream },
): void {
  try {
    const bundle = bundleOf(id, new Book(new RunsFolder(dirname(from))));
    if (bundle) replaceFile(besideRecord(beside, 'made.json'), JSON.stringify(bundle));
  } catch (error) {
    stderr.write(`warning: what the images were made of could not be written: ${messageOf(error)}\n`);
  }
}
