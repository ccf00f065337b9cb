import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../test/rig/rig.ts';
import { buildFolder, type Step } from './scenario.ts';
import type { RunOptions, Sample, Subject } from './subject.ts';
import { timed, type TimedOptions } from './timed.ts';

/** The bin as it lies in the workspace's `node_modules/.bin`, which npx would look for first. */
const bin = join(projectRoot, 'node_modules/.bin/cli');

/** This project, by its command line. */
export class Monokit implements Subject {
  readonly #warm: string;
  #cacheDir: string;

  constructor(scratch: string) {
    this.#cacheDir = join(scratch, 'cache');
    this.#warm = join(scratch, 'warm');
    mkdirSync(this.#warm);
    writeFileSync(join(this.#warm, 'Dockerfile'), 'FROM busybox\nRUN true\n');
  }

  async reset(folder: string): Promise<void> {
    this.#cacheDir = folder;
    await this.warm();
  }

  async stop(): Promise<void> {}

  /** Unpacks the base image, and fills the compile cache. */
  async warm(): Promise<void> {
    await this.cli(buildFolder(), { cwd: this.#warm });
  }

  run({ ours }: Step, { dir, memory, registry = '' }: RunOptions): Promise<Sample> {
    const args = ours.map((arg) => arg.replace('{registry}', registry));
    return this.cli(args, { cwd: dir, memory });
  }

  cli(args: readonly string[], options: TimedOptions): Promise<Sample> {
    return timed([bin, ...args], { ...options, env: { MONOKIT_CACHE_DIR: this.#cacheDir } });
  }
}
