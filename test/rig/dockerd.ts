import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';

/** Where Debian's docker.io puts them; another docker on the PATH may not go with this daemon. */
const programs = { client: '/usr/bin/docker', daemon: '/usr/sbin/dockerd' };

/** Debian's docker.io with an empty store of its own, without networks. */
export interface Dockerd extends AsyncDisposable {
  /** Runs the `docker` client; gives its standard output. */
  docker(...args: string[]): Promise<string>;
  /** For DOCKER_HOST. */
  readonly host: string;
}

/** Starts one; fails with what to install where it is missing. */
export async function startDockerd(): Promise<Dockerd> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(makeTempFolder({ prefix: 'dockerd-' }));
  const socket = `unix://${join(folder.path, 'docker.sock')}`;
  const at = (name: string) => join(folder.path, name);
  const places = ['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid'), '-H', socket];
  // What the client is told by `docker login` is nobody else's.
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, DOCKER_CONFIG: at('client') };
  const child = spawn(programs.daemon, ['--iptables=false', '--bridge=none', ...places], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  stack.defer(async () => {
    child.kill();
    await ended;
    // It mounts its data folder on itself, and leaves that so where mounts are not shared.
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    const left = mounts
      .flatMap((line) => line.split(' ')[1] ?? [])
      .filter((path) => path.startsWith(`${folder.path}/`));
    if (left.length > 0) await promisify(execFile)('umount', ['--lazy', ...left.toReversed()]);
  });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('error', () => reject(new Error('this test needs dockerd: apt-get install -y docker.io')));
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      if (line.includes('API listen on')) resolve();
    });
    void ended.then(() => reject(new Error(`dockerd ended:\n${said.slice(-20).join('\n')}`)));
  });
  const held = stack.move();
  return {
    host: socket,
    docker: async (...args) => (await promisify(execFile)(programs.client, ['-H', socket, ...args], { env })).stdout,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
