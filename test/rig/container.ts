// An executor with a busybox tree to run things in.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, ContainerMount, Executor, Process } from '../../packages/engine/src/executor/executor.ts';
import { openExecutor, type ExecutorOptions } from '../../packages/engine/src/executor/runc-executor.ts';
import { hostPlatform } from '../../packages/engine/src/oci/platform.ts';
import { Failed } from '../../packages/engine/src/std/failed.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { plainUmask } from './tree.ts';

const applets = `
  sh true false cat echo id ls sleep env pwd stat touch mkdir rm rmdir mount umount hostname df grep awk head test
  ip nc wget kill dd chmod chown wc tail ps stty readlink
`;

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  /** What `run` rejected with. */
  readonly error?: unknown;
}

export interface ContainerRig extends AsyncDisposable {
  readonly folder: string;
  readonly runFolder: string;
  readonly leaseId: string;
  readonly executor: Executor & AsyncDisposable;
  /** The lower folder of the root. */
  readonly base: string;
  /** Runs `sh -c script`, or a program, on a fresh layer over the base unless told otherwise. */
  run(what: string | readonly string[], options?: RunOptions): Promise<Ran>;
  /** Runs it, and throws what it failed with. */
  output(what: string | readonly string[], options?: RunOptions): Promise<string>;
  /** A new folder for changes; `upper` is what a layer would be made of. */
  layer(): { readonly upper: string; readonly root: Container['root'] };
  /** What this rig's containers left: mounts, processes, cgroups, folders. */
  left(): string[];
}

export interface RunOptions extends Partial<Process>, Partial<Container> {
  readonly signal?: AbortSignal;
  readonly onOutput?: (text: string) => void;
}

/** A process with nothing special; what it runs is to be added. */
export const plainProcess: Omit<Process, 'args'> = {
  env: [],
  cwd: '/',
  user: '',
  hostname: '',
  extraHosts: [],
  ulimits: [],
  cgroupParent: '',
  validExitCodes: [],
  network: 'none',
  security: 'sandbox',
  removeMountStubsRecursive: true,
};

export async function openContainerRig({
  busybox,
  ...options
}: Partial<ExecutorOptions> & { readonly busybox?: string } = {}): Promise<ContainerRig> {
  const temp = makeTempFolder({ prefix: 'monokit-executor-' });
  const runFolder = join(temp.path, 'run');
  const leaseId = `test-${temp.path.slice(-6)}`;
  const base = join(temp.path, 'base');
  makeBusyboxTree(base, busybox);
  const executor = openExecutor({
    runFolder,
    leaseId,
    runtime: process.env['MONOKIT_TEST_RUNTIME'] ?? 'auto',
    ...options,
  });
  let layers = 0;
  const layer = (): ReturnType<ContainerRig['layer']> => {
    const folder = join(temp.path, `layer${layers++}`);
    const [upper, work] = [join(folder, 'upper'), join(folder, 'work')];
    using _umask = plainUmask();
    for (const path of [upper, work]) mkdirSync(path, { recursive: true });
    return { upper, root: { mount: { kind: 'overlay', lower: [base], upper, work }, readonly: false } };
  };
  const run: ContainerRig['run'] = async (what, { signal, onOutput, ...rest } = {}) => {
    const said = { stdout: '', stderr: '' };
    const hear = (stream: 'stdout' | 'stderr') => (data: Uint8Array) => {
      said[stream] += Buffer.from(data).toString();
      onOutput?.(said[stream]);
    };
    const container = { root: rest.root ?? layer().root, mounts: [], platform: hostPlatform(), ...rest };
    const args = typeof what === 'string' ? ['/bin/sh', '-c', what] : what;
    try {
      await executor.run({ ...plainProcess, args, ...rest }, container, {
        signal: signal ?? new AbortController().signal,
        stdout: hear('stdout'),
        stderr: hear('stderr'),
      });
      return said;
    } catch (error) {
      return { ...said, error };
    }
  };
  return {
    folder: temp.path,
    runFolder,
    leaseId,
    executor,
    base,
    run,
    layer,
    output: async (what, options) => {
      const { stdout, stderr, error } = await run(what, options);
      if (error !== undefined) throw new Error(`it failed, having said ${JSON.stringify(stderr)}`, { cause: error });
      return stdout;
    },
    left: () => leftOf({ runFolder, leaseId }),
    async [Symbol.asyncDispose]() {
      await executor[Symbol.asyncDispose]();
      await temp[Symbol.asyncDispose]();
    },
  };
}

/** The message of the failure, or why there is none. */
export function messageOf({ error }: Ran): string {
  return error instanceof Failed ? error.message : `no Failed: ${String(error)}`;
}

export function secret(
  target: string,
  text: string,
  owned: Partial<{ uid: number; gid: number; mode: number }> = {},
): ContainerMount {
  return { kind: 'secret', target, data: Buffer.from(text), uid: 0, gid: 0, mode: 0o400, ...owned };
}

/** With the machine's own busybox unless another is given. */
export function makeBusyboxTree(
  folder: string,
  busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)),
): void {
  if (!busybox) throw new Error('these tests need a static busybox: apt-get install -y busybox-static');
  using _umask = plainUmask();
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  copyFileSync(busybox, join(folder, 'bin/busybox'));
  for (const applet of applets.trim().split(/\s+/)) symlinkSync('busybox', join(folder, 'bin', applet));
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nwww:x:33:34:www:/var/www:/bin/sh\n');
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\nwww:x:34:\nusers:x:100:www\naudio:x:29:root,www\n');
}

/** Whatever of a lease can still be seen on this machine. */
export function leftOf(lease: { readonly runFolder: string; readonly leaseId: string }): string[] {
  const { runFolder } = lease;
  const folders = existsSync(runFolder) ? readdirSync(runFolder).map((name) => join(runFolder, name)) : [];
  return [...aliveOf(lease), ...folders];
}

/** What of it is not just files: mounts, cgroups, processes. */
export function aliveOf({ runFolder, leaseId }: { readonly runFolder: string; readonly leaseId: string }): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(runFolder));
  const groups = readdirSync('/sys/fs/cgroup')
    .flatMap((name) => [`/sys/fs/cgroup/monokit/${leaseId}`, `/sys/fs/cgroup/${name}/monokit/${leaseId}`])
    .filter((path) => existsSync(path));
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        // Whoever inherited a dead process may take its time to notice.
        if (/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return [];
        const group = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
        return text.includes(runFolder) || group.includes(leaseId) ? [`${pid} ${text}`] : [];
      } catch {
        return []; // it has ended
      }
    });
  return [...mounts, ...new Set(groups), ...processes];
}
