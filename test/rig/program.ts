import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a program of the system to its end; gives its standard output. Fails with what to install where it is missing. */
export async function program(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  try {
    return (await promisify(execFile)(name, args, { env: { ...process.env, ...env }, maxBuffer: 1 << 26 })).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`this test needs ${name}; sh scripts/setup.sh test installs it`, { cause: error });
  }
}
