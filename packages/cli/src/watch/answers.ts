// What keys of a watch ask, answered by commands of this program at the same terminal.

import { spawn } from 'node:child_process';
import { lentLine } from '../shell/header.ts';
import { sitIn } from '../shell/sit.ts';
import type { StatusLine } from '../ui/status-line.ts';
import { writerTo } from '../ui/terminal.ts';
import type { Builds } from './builds.ts';
import type { Containers } from './containers.ts';
import type { HotKeys } from './hot-keys.ts';
import type { Running } from './running.ts';
import type { WatchInvocation } from './watch-images.ts';

export interface AnswersOptions {
  readonly invocation: WatchInvocation;
  readonly builds: Builds;
  readonly containers: Containers | undefined;
  readonly status: StatusLine;
  say(line: string): void;
}

export class Answers {
  readonly #options: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** All that the step wrote which failed, or ran last. */
  logs(keys: HotKeys): void {
    const { builds, say } = this.#options;
    const { run, step } = builds;
    if (run === undefined) this.#nothing();
    else if (step?.wrote === false) say(`${step.name} wrote nothing`);
    else void this.#ask(keys, ['runs', 'logs', run, ...(step ? [step.id] : []), ...this.#cache()]);
  }

  /** Why the image that was built last, or failed, was built again. */
  why(keys: HotKeys): void {
    const { image } = this.#options.builds;
    if (image !== undefined) void this.#ask(keys, ['why', image, ...this.#workspace()]);
    else this.#nothing();
  }

  /** What differs between the last two builds of that image. */
  difference(keys: HotKeys): void {
    const { image } = this.#options.builds;
    if (image !== undefined) void this.#ask(keys, ['diff', image, ...this.#cache()]);
    else this.#nothing();
  }

  /** A shell: in the step that failed last, else in the container that was started last, else in the image. */
  shell(keys: HotKeys): void {
    const { builds, containers } = this.#options;
    const { image, hasFailed } = builds;
    const running = image !== undefined && !hasFailed ? containers?.running(image) : undefined;
    if (running?.runs) {
      void this.#lend(keys, () => this.#enter(running));
    } else if (hasFailed) void this.#ask(keys, ['shell', '@last', ...this.#workspace()]);
    else if (image !== undefined) void this.#ask(keys, ['shell', image, ...this.#workspace()]);
    else this.#nothing();
  }

  async #enter(running: Running): Promise<void> {
    // A person looks at the terminal, wherever data goes.
    const { stdin, stderr, env, signal } = this.#options.invocation;
    const { path, env: more, lent } = await running.findShell();
    if (lent) writerTo(stderr, env)(`${lentLine}\n`);
    const entered: Parameters<typeof sitIn>[0] = {
      run: async ({ args, env: own = [] }, io) => (await running.enter({ args, env: [...more, ...own] }, io)) ?? 0,
    };
    await sitIn(entered, [path], { stdin, stdout: stderr, stderr, env, signal });
  }

  #nothing(): void {
    this.#options.say('nothing was built yet');
  }

  /** Flags of this watch that say where the workspace and its cache are. */
  #workspace(): readonly string[] {
    const { config, file } = this.#options.invocation.flags;
    const files = [...config.map((path) => `--config=${path}`), ...file.map((path) => `--file=${path}`)];
    return [...this.#cache(), ...files];
  }

  #cache(): readonly string[] {
    const folder = this.#options.invocation.flags['cache-dir'];
    return folder === undefined ? [] : [`--cache-dir=${folder}`];
  }

  #ask(keys: HotKeys, words: readonly string[]): Promise<void> {
    const { env, cwd } = this.#options.invocation;
    return this.#lend(
      keys,
      () =>
        new Promise<void>((resolve, reject) => {
          const argv = [...process.execArgv, process.argv[1]!, ...words];
          // Standard output is data's: what a person asks for goes to the terminal.
          const child = spawn(process.execPath, argv, { cwd, env, stdio: [0, 2, 2] });
          child.on('error', reject);
          child.on('close', () => resolve());
        }),
    );
  }

  async #lend(keys: HotKeys, work: () => Promise<unknown>): Promise<void> {
    const { status, say } = this.#options;
    using _aside = status.lend();
    try {
      await keys.lend(work);
    } catch (error) {
      say((error as Error).message);
    }
  }
}
