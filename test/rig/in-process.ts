// The command line in this process: for what asks it hundreds of times. Everything that is the process's own (signals,
// fast answers, exit codes in words) is not part of it.

import { PassThrough } from 'node:stream';
import { commands } from '../../packages/cli/src/commands.ts';
import { parseFlags } from '../../packages/cli/src/flags/flags.ts';
import { Mistake, NothingSelected } from '../../packages/cli/src/mistake.ts';

export interface Asked {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in a folder, with nothing in its environment but the path and `env`. */
export async function runInProcess(
  [name = '', ...words]: readonly string[],
  { cwd, env: more }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Asked> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const told = [stdout, stderr].map(textOf);
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...more };
  const ended = async (code: number): Promise<Asked> => {
    stdout.end();
    stderr.end();
    const [out, err] = await Promise.all(told);
    return { code, stdout: out!, stderr: err! };
  };
  try {
    const command = await commands[name]!.load();
    const { given, positionals } = parseFlags(words, command.flags, { env, command: name });
    const code = await command.run({
      words: [name, ...words],
      flags: given,
      positionals,
      cwd,
      env,
      signal: new AbortController().signal,
      stdin: process.stdin,
      stdout: stdout as unknown as NodeJS.WriteStream,
      stderr: stderr as unknown as NodeJS.WriteStream,
    } as Parameters<typeof command.run>[0]);
    return await ended(code);
  } catch (error) {
    if (error instanceof NothingSelected) return ended(0);
    const { message, hint } = error as Mistake;
    stderr.write(`error: ${message}\n${hint ? `  ${hint}\n` : ''}`);
    return ended(error instanceof Mistake ? 2 : 1);
  }
}

async function textOf(stream: PassThrough): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
  return text;
}
