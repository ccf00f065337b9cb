import type { Invocation } from './command.ts';
import { Mistake, NothingSelected, Stopped } from './mistake.ts';

/** Exit codes: 0 done, 1 a build failed, 2 a mistake in what was typed or configured, 130/143 stopped by a signal. */
const exit = { done: 0, failed: 1, mistake: 2 } as const;
const signals = ['SIGINT', 'SIGTERM'] as const;

/** Runs one command line to its exit code. The only place that catches everything. */
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
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  try {
    return await dispatch(argv, env, controller.signal);
  } catch (error) {
    if (stopped) {
      process.stderr.write(`${stopped.message}\n`);
      return stopped.code;
    }
    if (error instanceof NothingSelected) {
      process.stderr.write(`${error.message}\n`);
      return exit.done;
    }
    if (error instanceof Mistake) {
      process.stderr.write(`error: ${error.message}\n${error.hint ? `  ${error.hint}\n` : ''}`);
      return exit.mistake;
    }
    const { describe } = await import('./ui/failure.ts');
    process.stderr.write(describe(error));
    return exit.failed;
  } finally {
    for (const name of signals) process.off(name, stop);
  }
}

async function dispatch(argv: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined || ['help', '--help', '-h'].includes(first)) return help(rest[0]);
  if (['version', '--version', '-V'].includes(first)) {
    process.stdout.write(`${await version()}\n`);
    return exit.done;
  }
  const wantsHelp = rest
    .slice(0, rest.indexOf('--') < 0 ? undefined : rest.indexOf('--'))
    .some((arg) => ['--help', '-h'].includes(arg));
  if (wantsHelp) return help(first);
  let answerPath: string | undefined;
  if (first === 'build') {
    const { freshPath, recallAnswer } = await import('./fresh.ts');
    answerPath = freshPath(argv, { cwd: process.cwd(), env });
    const answer = recallAnswer(answerPath);
    if (answer) {
      const { tellAnswer } = await import('./answer.ts');
      const { stdout, stderr } = process;
      await tellAnswer(answer, rest, { stdout, stderr, env });
      return exit.done;
    }
  }
  const { commands } = await import('./commands.ts');
  const entry = commands[first];
  if (!entry) throw await unknownCommand(first);
  const [command, { parseFlags }] = await Promise.all([entry.load(), import('./flags.ts')]);
  const { given, positionals } = parseFlags(rest, command.flags, env);
  const { stdin, stdout, stderr } = process;
  const invocation: Invocation = {
    words: argv,
    flags: given,
    positionals,
    cwd: process.cwd(),
    env,
    signal,
    stdin,
    stdout,
    stderr,
    ...(answerPath !== undefined && { answerPath }),
  };
  return command.run(invocation);
}

async function help(name: string | undefined): Promise<number> {
  const [{ commands }, { commandHelp, overview }] = await Promise.all([import('./commands.ts'), import('./help.ts')]);
  if (name === undefined) {
    const list = Object.entries(commands).map(([each, { summary }]) => [each, summary] as const);
    process.stdout.write(overview(await version(), list));
    return exit.done;
  }
  const entry = commands[name];
  if (!entry) throw await unknownCommand(name);
  process.stdout.write(commandHelp(name, await entry.load()));
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

async function version(): Promise<string> {
  const { default: manifest } = (await import('../package.json', { with: { type: 'json' } })) as {
    readonly default: { readonly version: string };
  };
  return manifest.version;
}
