import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../test/rig/rig.ts';
import { buildFolder, type Step } from './scenario.ts';
import type { RunOptions, Sample, Subject } from './subject.ts';
import { timed, type TimedOptions } from './timed.ts';

/** The bin as it lies in the workspace's `node_modules/.bin`, which npx would look for first. */
const bin = join(projectRoot, 'node_modules/.bin/cli');

/** This project, by its command line. */
export class Monokit implements Subject {
  readonly #caches: string;
  readonly #warm: string;
  #round = 0;

  constructor(scratch: string) {
    this.#caches = join(scratch, 'caches');
    this.#warm = join(scratch, 'warm');
    mkdirSync(this.#warm);
    writeFileSync(join(this.#warm, 'Dockerfile'), 'FROM busybox\nRUN true\n');
  }

  async reset(): Promise<void> {
    this.#round++;
    await this.cli(buildFolder(), { cwd: this.#warm });
  }

  async clear(): Promise<void> {
    rmSync(this.#caches, { recursive: true, force: true });
  }

  run({ ours }: Step, { dir, memory }: RunOptions): Promise<Sample> {
    return this.cli(ours, { cwd: dir, memory });
  }

  cli(args: readonly string[], options: TimedOptions): Promise<Sample> {
    return timed([bin, ...args], { ...options, env: { MONOKIT_CACHE_DIR: join(this.#caches, String(this.#round)) } });
  }
}
