// Processes by the file that a runtime writes once they run.

import { readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Calls `onPid` once, when the runtime has written the file; on disposal at the latest, if it did by then. */
export function watchPidFile(path: string, onPid: (pid: number) => void): Disposable {
  let told = false;
  const look = () => {
    const pid = told ? undefined : readPid(path);
    if (pid === undefined) return;
    told = true;
    onPid(pid);
  };
  const looking = lookWhenChanged(path, look);
  look();
  return {
    [Symbol.dispose]: () => {
      looking[Symbol.dispose]();
      look();
    },
  };
}

/** Looks when the file changes; again and again where the kernel watches nothing more for this user. */
function lookWhenChanged(path: string, look: () => void): Disposable {
  try {
    const watcher = watch(dirname(path), (_, name) => (name === null || name === basename(path)) && look());
    watcher.on('error', look); // its folder went: so did the process
    return { [Symbol.dispose]: () => watcher.close() };
  } catch (error) {
    if (!['ENOSPC', 'EMFILE'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    const timer = setInterval(look, 5);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }
}

function readPid(path: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Signals one process, and no later one of the same id. */
export function signalTo(pid: number): (name: NodeJS.Signals | number) => void {
  const started = startTime(pid);
  return (name) => {
    if (started === undefined || startTime(pid) !== started) return;
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
}

/** Clock ticks after boot; tells a process from a later one of the same id. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
