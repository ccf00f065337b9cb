import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { MemoryWatch } from './memory-watch.ts';
import type { Sample } from './subject.ts';

export interface TimedOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Looks at the memory all the while, every 20 ms unless told. */
  readonly memory?: boolean | { readonly interval: number };
}

// bash counts what its children and theirs took, in milliseconds; descriptor 3 takes the answer.
const timing = 'TIMEFORMAT="%R %U %S"; { time "$@" 2>&4 3>&- 4>&-; } 4>&2 2>&3';

/** Runs a command to its end, without a terminal. Rejects with what it told if it fails. */
export async function timed(command: readonly string[], options: TimedOptions): Promise<Sample> {
  const child = spawn('bash', ['-c', timing, 'bash', ...command], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const interval = typeof options.memory === 'object' ? options.memory.interval : 20;
  using memory = options.memory ? new MemoryWatch(child.pid!, interval) : undefined;
  const [stdout, stderr, times, code] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stderr as Readable),
    text(child.stdio[3] as Readable),
    new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }),
  ]);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  const [wall, user, system] = times.trim().split(' ').map(Number) as [number, number, number];
  return { wall, cpu: user + system, memory: memory?.peak ?? 0 };
}
