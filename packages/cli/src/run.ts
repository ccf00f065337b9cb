import type { Command, Invocation } from './command.ts';
import { Mistake, NothingSelected, Stopped, TimedOut } from './mistake.ts';

/** Exit codes: 0 done, 1 a build failed, 2 a mistake in what was typed or configured, 129/130/143 stopped by a signal. */
const exit = { done: 0, failed: 1, mistake: 2 } as const;
const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** Commands that read a workspace: a person is told at once that something happens. */
const slow = new Set(['build', 'release', 'plan', 'watch', 'ls', 'print', 'lint', 'affected', 'why', 'graph']);

interface Outcome {
  readonly code: number;
  /** What the code means, where it is not what it means elsewhere. */
  readonly meaning?: string | undefined;
  /** The code is a program's own. */
  readonly ofProgram?: true | undefined;
}

/** Runs one command line to its exit code. */
export async function run(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const controller = new AbortController();
  let stopped: Stopped | undefined;
  const stop = (name: (typeof signals)[number]) => {
    if (stopped) process.exit(new Stopped(name).code); // the second time at once
    controller.abort((stopped = new Stopped(name)));
  };
  for (const name of signals) process.on(name, stop);
  // A reader that went away (`cli … | head`) is no failure.
  for (const stream of [process.stdout, process.stderr]) {
    const isTerminal = stream.isTTY;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A terminal that was closed sends SIGHUP, too.
      if (error.code !== 'EPIPE' && !(error.code === 'EIO' && isTerminal)) throw error;
    });
  }
  const { stdout, stderr } = process;
  const terminal =
    stderr.isTTY &&
    env['CI'] === undefined &&
    env['TERM'] !== 'dumb' &&
    !argv.some((arg) => ['-q', '--quiet'].includes(arg));
  using _said =
    terminal && slow.has(argv[0]!)
      ? (await import('./ui/opening.ts')).sayUntilWritten('reading…', stdout.isTTY ? [stderr, stdout] : [stderr])
      : undefined;
  const { code, meaning, ofProgram } = await outcomeOf(argv, env, controller.signal).finally(() => {
    for (const name of signals) process.off(name, stop);
  });
  if (code === exit.done || ofProgram) return code;
  const { exitLine } = await import('./exit-codes.ts');
  process.stderr.write(`${exitLine(code, meaning)}\n`);
  return code;
}

/** What became of a command line, whatever was thrown. The only place that catches everything. */
async function outcomeOf(argv: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Outcome> {
  const chosen: { command?: Command } = {};
  try {
    return await dispatch(argv, env, { signal, chosen });
  } catch (error) {
    const stopped = signal.aborted && signal.reason instanceof Stopped ? signal.reason : undefined;
    if (stopped) return { code: stopped.code };
    if (error instanceof NothingSelected) {
      process.stderr.write(`${error.message}\n`);
      return { code: exit.done };
    }
    if (error instanceof Mistake) {
      const { harmless } = await import('./ui/tame.ts');
      process.stderr.write(harmless(`error: ${error.message}\n${error.hint ? `  ${error.hint}\n` : ''}`));
      return { code: exit.mistake };
    }
    if (error instanceof TimedOut) {
      process.stderr.write(`error: ${error.message}\n`);
      return { code: exit.failed, meaning: 'it took longer than --timeout allows' };
    }
    const { describe } = await import('./ui/failure.ts');
    process.stderr.write(describe(error));
    const trouble = chosen.command?.trouble;
    return trouble === undefined
      ? { code: exit.failed, meaning: 'something went wrong' }
      : { code: exit.mistake, meaning: trouble };
  }
}

async function dispatch(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  { signal, chosen }: { readonly signal: AbortSignal; readonly chosen: { command?: Command } },
): Promise<Outcome> {
  const [first, ...rest] = argv;
  if (first === undefined || ['help', '--help', '-h'].includes(first)) return { code: await help(rest[0]) };
  if (['version', '--version', '-V'].includes(first)) {
    process.stdout.write(`${(await import('./version.ts')).version()}\n`);
    return { code: exit.done };
  }
  const wantsHelp = rest
    .slice(0, rest.indexOf('--') < 0 ? undefined : rest.indexOf('--'))
    .some((arg) => ['--help', '-h'].includes(arg));
  if (wantsHelp) return { code: await help(first) };
  let answerPath: string | undefined;
  if (first === 'build') {
    const { freshPath, recallAnswer } = await import('./fresh/fresh.ts');
    answerPath = freshPath(argv, { cwd: process.cwd(), env });
    const answer = recallAnswer(answerPath, env);
    if (answer) {
      const { tellAnswer } = await import('./fresh/tell.ts');
      const { stdout, stderr } = process;
      await tellAnswer(answer, { stdout, stderr, env });
      return { code: exit.done };
    }
  }
  const { commands } = await import('./commands.ts');
  const entry = Object.hasOwn(commands, first) ? commands[first] : undefined;
  if (!entry) throw await unknownCommand(first);
  const [command, { parseFlags }] = await Promise.all([entry.load(), import('./flags/flags.ts')]);
  const { given, positionals, rest: behind } = parseFlags(rest, command.flags, { env, command: first });
  if (command.wordless !== undefined && positionals.length > 0)
    throw new Mistake(`${first} takes no words, got ${positionals.join(' ')}`, command.wordless);
  const { stdin, stdout, stderr } = process;
  const invocation: Invocation = {
    words: argv,
    flags: given,
    positionals,
    ...(behind && { rest: behind }),
    cwd: process.cwd(),
    env,
    signal,
    stdin,
    stdout,
    stderr,
    ...(answerPath !== undefined && { answerPath }),
  };
  chosen.command = command;
  const code = await command.run(invocation);
  return {
    code,
    meaning: code === exit.failed ? command.failed?.(given) : undefined,
    ofProgram: command.exitsAsProgram,
  };
}

async function help(name: string | undefined): Promise<number> {
  const [{ commands }, { columnsOf, commandHelp, overview }] = await Promise.all([
    import('./commands.ts'),
    import('./help.ts'),
  ]);
  if (name === undefined) {
    process.stdout.write(overview((await import('./version.ts')).version(), commands, columnsOf(process.stdout)));
    return exit.done;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) throw await unknownCommand(name);
  process.stdout.write(commandHelp(name, await entry.load(), columnsOf(process.stdout)));
  return exit.done;
}

async function unknownCommand(name: string): Promise<Mistake> {
  const [{ commands }, { nearest }] = await Promise.all([
    import('./commands.ts'),
    import('@monokit/engine/std/nearest'),
  ]);
  const near = nearest(name, Object.keys(commands));
  const folder = /^[./]/.test(name) ? `build ${name}` : undefined;
  const meant = folder ?? near;
  return new Mistake(
    `there is no command ${JSON.stringify(name)}`,
    meant ? `did you mean cli ${meant}?` : 'cli help lists them',
  );
}
