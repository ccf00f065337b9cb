import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DockerDaemon } from './docker-daemon.ts';
import type { Monokit } from './monokit.ts';
import { buildFolder, type DockerWork, type Step } from './scenario.ts';
import type { RunOptions, Sample, Subject } from './subject.ts';
import { timed, type TimedOptions } from './timed.ts';

/** Where Debian's docker.io puts it; another docker on the PATH may not go with this daemon. */
const client = '/usr/bin/docker';

/** BuildKit as Debian's dockerd has it: one daemon a round, so that each begins with an empty cache. */
export class Docker implements Subject, AsyncDisposable {
  readonly #base: string;
  /** Empty: nobody's credentials and settings. */
  readonly #config: string;
  #daemon: DockerDaemon | undefined;

  static get installed(): boolean {
    return existsSync(client) && DockerDaemon.installed;
  }

  /** With the base image that `monokit` makes. */
  static async open(scratch: string, monokit: Monokit): Promise<Docker> {
    const project = join(scratch, 'docker-base');
    mkdirSync(project);
    writeFileSync(join(project, 'Dockerfile'), 'FROM busybox\n');
    const output = ['--tag', 'busybox:latest', '--output', 'type=docker,dest=base.tar'];
    await monokit.cli(buildFolder(...output), { cwd: project });
    return new Docker(join(project, 'base.tar'), mkdtempSync(join(scratch, 'docker-config-')));
  }

  private constructor(base: string, config: string) {
    this.#base = base;
    this.#config = config;
  }

  async reset(folder: string): Promise<void> {
    await this.stop();
    mkdirSync(folder);
    this.#daemon = await DockerDaemon.start(folder);
    await this.#client(['load', '--input', this.#base], { cwd: folder });
  }

  async stop(): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
    this.#daemon = undefined;
  }

  async run({ docker }: Step, { dir, registry }: RunOptions): Promise<Sample | undefined> {
    if (!docker) return undefined;
    const name = `${registry}/app`;
    if (docker.kind === 'push') await this.#client(['tag', built, name], { cwd: dir });
    const before = this.#daemon!.cpu();
    const sample = await this.#run(docker, name, { cwd: dir });
    return { ...sample, cpu: sample.cpu + this.#daemon!.cpu() - before };
  }

  #run(docker: DockerWork, name: string, options: TimedOptions): Promise<Sample> {
    switch (docker.kind) {
      case 'build':
        return this.#client([...build, '--tag', built, '.'], options);
      case 'build-all':
        return this.#timed(buildAll(docker), options);
      case 'save':
        return this.#client(['save', '--output', '../docker.tar', built], options);
      case 'push':
        return this.#client(['push', '--quiet', name], options);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #client(args: readonly string[], options: TimedOptions): Promise<Sample> {
    return this.#timed([client, ...args], options);
  }

  #timed(command: readonly string[], options: TimedOptions): Promise<Sample> {
    const { socket } = this.#daemon!;
    const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: '1', DOCKER_CONFIG: this.#config };
    return timed(command, { ...options, env });
  }
}

const build = ['build', '--network=host'];
/** What the last build made. */
const built = 'built:latest';

/** Four at a time. */
function buildAll({ dockerfiles }: Extract<DockerWork, { kind: 'build-all' }>): readonly string[] {
  const each = [client, ...build, '--quiet', '--file', '{}', '.'].join(' ');
  return ['bash', '-c', `printf "%s\\n" "$@" | xargs -P 4 -I {} ${each}`, 'bash', ...dockerfiles];
}
