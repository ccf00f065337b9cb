import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Monokit } from './monokit.ts';
import { buildFolder, type DockerWork, type Step } from './scenario.ts';
import type { RunOptions, Sample, Subject } from './subject.ts';
import { timed, type TimedOptions } from './timed.ts';

/** Where Debian's docker.io puts them; another docker on the PATH may not go with this daemon. */
const programs = { client: '/usr/bin/docker', daemon: '/usr/sbin/dockerd' };

const startPatience = 30_000;

/** BuildKit as Debian's dockerd has it, on a socket and a data folder of its own. */
export class Docker implements Subject, AsyncDisposable {
  readonly #folder: string;
  readonly #daemon: ChildProcess;

  static get installed(): boolean {
    return existsSync(programs.client) && existsSync(programs.daemon);
  }

  /** Starts it, and loads the base image that `monokit` makes. */
  static async start(scratch: string, monokit: Monokit): Promise<Docker> {
    const docker = new Docker(mkdtempSync(join(scratch, 'docker-')));
    try {
      await docker.#ready();
      await docker.#load(monokit);
      return docker;
    } catch (error) {
      await docker[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(folder: string) {
    this.#folder = folder;
    const log = openSync(this.#log, 'w');
    const flags = { 'data-root': 'data', 'exec-root': 'exec', pidfile: 'pid', host: 'socket' };
    this.#daemon = spawn(
      programs.daemon,
      [
        '--iptables=false',
        '--ip6tables=false',
        '--bridge=none',
        ...Object.entries(flags).map(
          ([name, file]) => `--${name}=${name === 'host' ? 'unix://' : ''}${join(folder, file)}`,
        ),
      ],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
  }

  async reset(): Promise<void> {
    await this.#client(['image', 'prune', '--force']);
    await this.#client(['builder', 'prune', '--all', '--force']);
  }

  async run({ docker }: Step, { dir, memory }: RunOptions): Promise<Sample | undefined> {
    if (!docker) return undefined;
    const before = this.#daemonCpu();
    const sample = await this.#timed(commandOf(docker), { cwd: dir, memory });
    return { ...sample, cpu: sample.cpu + this.#daemonCpu() - before };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#daemon.once('close', resolve));
    if (this.#daemon.exitCode === null && this.#daemon.kill('SIGTERM')) await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const begin = performance.now();
    while (!existsSync(join(this.#folder, 'socket'))) {
      if (this.#daemon.exitCode !== null || performance.now() - begin > startPatience) {
        throw new Error(`dockerd did not start:\n${readFileSync(this.#log, 'utf8')}`);
      }
      await setTimeout(50);
    }
    await this.#client(['version']);
  }

  async #load(monokit: Monokit): Promise<void> {
    const project = join(this.#folder, 'base');
    mkdirSync(project);
    writeFileSync(join(project, 'Dockerfile'), 'FROM busybox\n');
    const tags = ['--tag', 'busybox:latest'];
    await monokit.cli(buildFolder(...tags, '--output', 'type=docker,dest=base.tar'), { cwd: project });
    await this.#client(['load', '--input', join(project, 'base.tar')]);
  }

  async #client(args: readonly string[]): Promise<void> {
    await this.#timed([programs.client, ...args], { cwd: this.#folder });
  }

  #timed(command: readonly string[], options: TimedOptions): Promise<Sample> {
    const env = {
      DOCKER_HOST: `unix://${join(this.#folder, 'socket')}`,
      DOCKER_BUILDKIT: '1',
      DOCKER_CONFIG: this.#folder,
    };
    return timed(command, { ...options, env, alsoWatched: [this.#daemon.pid!] });
  }

  /** Seconds that dockerd and what it waited for have taken; its containerd has no part in builds. */
  #daemonCpu(): number {
    const stat = readFileSync(`/proc/${this.#daemon.pid}/stat`, 'latin1');
    const times = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15);
    return times.reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
  }

  get #log(): string {
    return join(this.#folder, 'log');
  }
}

const ticksPerSecond = 100;

function commandOf(work: DockerWork): readonly string[] {
  const build = [programs.client, 'build', '--network=host'];
  if (work.kind === 'build') return [...build, '.'];
  const each = [...build, '--quiet', '--file', '{}', '.'];
  return ['bash', '-c', 'printf "%s\\n" "$@" | xargs -P 4 -I {} ' + each.join(' '), 'bash', ...work.dockerfiles];
}
