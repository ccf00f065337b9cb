import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const program = '/usr/sbin/dockerd';
const patience = 30_000;
const ticksPerSecond = 100;

/** A dockerd on a socket and with data of its own. */
export class DockerDaemon implements AsyncDisposable {
  readonly socket: string;
  readonly #log: string;
  readonly #process: ChildProcess;

  static get installed(): boolean {
    return existsSync(program);
  }

  /** Resolves when it answers. */
  static async start(folder: string): Promise<DockerDaemon> {
    const daemon = new DockerDaemon(folder);
    const begin = performance.now();
    while (!(await answers(daemon.socket))) {
      if (daemon.#process.exitCode !== null || performance.now() - begin > patience) {
        await daemon[Symbol.asyncDispose]();
        throw new Error(`dockerd did not start:\n${readFileSync(daemon.#log, 'utf8')}`);
      }
      await setTimeout(50);
    }
    return daemon;
  }

  private constructor(folder: string) {
    this.socket = join(folder, 'socket');
    this.#log = join(folder, 'log');
    const log = openSync(this.#log, 'w');
    const places = [
      `--host=unix://${this.socket}`,
      `--data-root=${join(folder, 'data')}`,
      `--exec-root=${join(folder, 'exec')}`,
      `--pidfile=${join(folder, 'pid')}`,
    ];
    const flags = ['--iptables=false', '--ip6tables=false', '--bridge=none', ...places];
    this.#process = spawn(program, flags, { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  /** Seconds that it and what it waited for have taken; its containerd has no part in builds. */
  cpu(): number {
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, 'latin1');
    const times = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15);
    return times.reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.kill('SIGTERM');
    await ended;
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
