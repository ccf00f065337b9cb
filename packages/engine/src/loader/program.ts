// Container engines that are reached by their programs.

import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Failed } from '../std/failed.ts';
import type { LoaderFailure } from './failure.ts';
import type { Stop } from './loader.ts';

export interface ProgramOptions extends Stop {
  readonly env: NodeJS.ProcessEnv;
  /** Given on its standard input. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** What to do where it is missing. */
  readonly install: string;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Throws `loader-missing` where there is none. */
export async function runProgram(
  [name, ...args]: readonly [string, ...string[]],
  { env, input, install, signal }: ProgramOptions,
): Promise<Ended> {
  signal.throwIfAborted();
  const child = spawn(name, args, { env, signal, stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    const [code, stdout, stderr] = await Promise.all([
      ended,
      text(child.stdout!),
      text(child.stderr!),
      input && sent(input, child.stdin!),
    ]);
    return { code, stdout, stderr };
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    const message = `${name} was not found; ${install}`;
    throw new Failed<LoaderFailure>({ kind: 'loader-missing', loader: name, message }, { cause });
  }

  /** A program that stops reading tells why by its end. */
  async function sent(bytes: AsyncIterable<Uint8Array>, stdin: NodeJS.WritableStream): Promise<void> {
    try {
      await pipeline(Readable.from(bytes, { objectMode: false }), stdin);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') {
        child.kill();
        throw error;
      }
    }
  }
}

/** `loader-refused`, in the program's own words. */
export function refusedBy(loader: string, { code, stderr, stdout }: Ended): Failed<LoaderFailure> {
  const said = (stderr.trim() || stdout.trim()).split('\n').at(-1) || `it ended with ${code}`;
  return new Failed<LoaderFailure>({
    kind: 'loader-refused',
    loader,
    message: `${loader} did not take the image: ${said}`,
  });
}
