// `--exec`: a command of the user's after each good build, in place of the one before.

import { spawn, type ChildProcess } from 'node:child_process';

export interface AfterOptions {
  readonly command: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  say(line: string): void;
  /** Takes what is shown out of its way until that is disposed. */
  stepAside(): Disposable;
}

export class After implements Disposable {
  readonly #options: AfterOptions;
  #running: ChildProcess | undefined;

  constructor(options: AfterOptions) {
    this.#options = options;
  }

  run(images: readonly string[]): void {
    const { command, cwd, env, say, stepAside } = this.#options;
    this[Symbol.dispose]();
    const aside = stepAside();
    const child = spawn('/bin/sh', ['-c', command], {
      cwd,
      env: { ...env, MONOKIT_IMAGES: images.join(' ') },
      stdio: ['ignore', 2, 2],
      // A group of its own: what the shell started ends with it.
      detached: true,
    });
    this.#running = child;
    child.on('error', (error) => say(`--exec: ${error.message}`));
    child.on('exit', (code) => code && say(`--exec ended with ${code}`));
    child.on('close', () => aside[Symbol.dispose]());
  }

  /** Ends what still runs. */
  [Symbol.dispose](): void {
    const { pid, exitCode, signalCode } = this.#running ?? {};
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGTERM');
    } catch (error) {
      // It ended just now.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
