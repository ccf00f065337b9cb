// The executor that makes a container by runc or crun for each process.

import { chownSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContainerEdits } from '../cdi/spec.ts';
import { hostPlatform } from '../oci/platform.ts';
import { Failed } from '../std/failed.ts';
import { uniqueName } from '../std/temp.ts';
import { ownCapabilities } from './capabilities.ts';
import {
  findCgroups,
  killGroup,
  openGroup,
  outOfMemoryKills,
  removeGroup,
  removeIfEmpty,
  type Cgroups,
} from './cgroup.ts';
import { readyMounts } from './container-mounts.ts';
import { deviceMounts, withDevices } from './device-edits.ts';
import { Emulators } from './emulators.ts';
import type { Container, Executor, Process, ProcessIo } from './executor.ts';
import type { ExecutorFailure } from './failure.ts';
import { inProcess, judge } from './judge.ts';
import { LeaseFiles } from './lease-files.ts';
import { checkLeaseId, containerGroup, leaseFolder, leaseGroup, stateFolder } from './lease.ts';
import { loopDevicesInUse, seccompSupported } from './machine.ts';
import { removeWithMounts } from './mount-table.ts';
import { Networks, type NetworkChoice } from './network.ts';
import { Others } from './others.ts';
import { signalTo } from './pid-file.ts';
import type { Dns } from './resolv.ts';
import { killFirstProcess, runBundle } from './runc.ts';
import { findRuntime, type Runtime, type RuntimeChoice } from './runtime.ts';
import { specOf, specText, type Machine } from './spec.ts';
import { makeStubs, makeWorkingFolder, type MountPoint } from './stubs.ts';
import { treeAt } from './tree-at.ts';
import { usageOf } from './usage.ts';
import { resolveUser } from './user.ts';
import { Vault } from './vault.ts';
import { Watchdog } from './watchdog.ts';

export interface ExecutorOptions {
  /** Where containers have what they need while they run; engines that share a cache share it. */
  readonly runFolder: string;
  /** Names what this engine has running: a folder in `runFolder`, and a cgroup. */
  readonly leaseId: string;
  readonly runtime?: RuntimeChoice;
  /** What a process of network `sandbox` gets; `host` unless said. */
  readonly network?: NetworkChoice;
  readonly dns?: Dns;
  /** Where files of the Container Device Interface are looked for; CDI's own folders unless said. */
  readonly deviceFolders?: readonly string[];
}

/** Nothing is touched before the first `run`. Disposing kills what runs, and leaves nothing of this lease. */
export function openExecutor(options: ExecutorOptions): Executor & AsyncDisposable {
  return new RuncExecutor(options);
}

/** What is there from the first container on. */
interface Lease {
  readonly folder: string;
  readonly runtime: Runtime;
  readonly cgroups: Cgroups;
  readonly machine: Machine;
  readonly watchdog: Watchdog;
  readonly files: LeaseFiles;
}

class RuncExecutor implements Executor, AsyncDisposable {
  readonly #options: ExecutorOptions;
  readonly #networks: Networks;
  readonly #emulators = new Emulators();
  readonly #closed = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** The lease's groups: one, and one more for each parent that a process asked for. */
  readonly #groups = new Set<string>();
  #lease: Lease | undefined;
  #vault: Vault | undefined;
  /**
   * Remove what containers that ended well have left. A cgroup in a dozen hierarchies takes milliseconds, so that waits
   * until there is another container to wait for, or until the end.
   */
  #leftovers: (() => Promise<void>)[] = [];
  #clearing: Promise<void> = Promise.resolve();

  constructor(options: ExecutorOptions) {
    checkLeaseId(options.leaseId);
    this.#options = options;
    this.#networks = new Networks({ choice: options.network ?? 'host', leaseId: options.leaseId });
  }

  async run(process: Process, container: Container, io: ProcessIo): Promise<void> {
    const signal = AbortSignal.any([io.signal, this.#closed.signal]);
    signal.throwIfAborted();
    const running = this.#run(process, container, { ...io, signal });
    this.#running.add(running);
    try {
      await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #run(process: Process, container: Container, io: ProcessIo): Promise<void> {
    const lease = this.#open();
    const userNamespace = await this.#emulators.namespaceFor(container.platform, {
      folder: lease.folder,
      insecure: process.security === 'insecure',
    });
    const id = uniqueName();
    const group = this.#group(lease, process, id);

    let endedWell = false;
    const finallyRemove = (remove: () => Promise<void>) => async () => {
      if (endedWell) this.#leftovers.push(remove);
      else await remove();
    };
    await using stack = new AsyncDisposableStack();
    const bundle = join(lease.folder, id);
    mkdirSync(bundle, { mode: 0o700 });
    stack.defer(finallyRemove(async () => removeWithMounts(bundle)));
    const network = stack.use(await this.#networks.open(process.network, bundle, { userNamespace }));
    const root = stack.use(treeAt(container.root.mount, join(bundle, 'rootfs')));
    const ready = stack.use(
      await readyMounts(container.mounts, {
        folder: join(bundle, 'mounts'),
        vault: () => (this.#vault ??= new Vault(join(lease.folder, 'vault'))),
      }),
    );

    const user = inProcess(process, () => resolveUser(root.path, process.user));
    const edits = await this.#deviceEdits(process);
    const points: MountPoint[] = [
      { target: '/etc/resolv.conf', kind: 'file' },
      { target: '/etc/hosts', kind: 'file' },
      ...ready.mounts.map(({ point }) => point),
      ...deviceMounts(edits),
    ];
    inProcess(process, () => {
      const options = { hidden: ['/proc', '/dev', '/sys'], recursive: process.removeMountStubsRecursive };
      stack.use(makeStubs(root.path, points, options));
      makeWorkingFolder(root.path, process.cwd, { ...user, chown: chownSync });
    });

    const spec = specOf({
      process,
      user,
      root: { path: root.path, readonly: container.root.readonly },
      mounts: ready.mounts.map(({ spec }) => spec),
      network: network.namespace,
      ...(userNamespace !== undefined && { userNamespace }),
      resolvConf: lease.files.resolvConf(network.namespace.kind === 'host' ? 'host' : 'own'),
      hosts: lease.files.hosts(bundle, process),
      ...(container.shmSize && { shmSize: container.shmSize }),
      ...(group !== undefined && { cgroup: { path: containerGroup(group), namespace: lease.cgroups.kind === 'v2' } }),
      machine: process.security === 'insecure' ? { ...lease.machine, loopDevices: loopDevicesInUse() } : lease.machine,
      terminal: io.terminal !== undefined,
    });
    writeFileSync(join(bundle, 'config.json'), specText(withDevices(spec, edits)));

    stack.defer(finallyRemove(() => this.#forget(lease, id, group)));
    const state = stateFolder(lease.folder);
    const outOfMemory = () => (group === undefined ? 0 : outOfMemoryKills(lease.cgroups, group));
    const box = { runtime: lease.runtime, state, bundle, id, withoutCgroups: group === undefined };
    const others = new Others(box, { root: root.path, machine: lease.machine, outOfMemory });
    const ending = await runBundle({
      ...box,
      ...(io.running && {
        onPid: (pid, resize) =>
          io.running!({
            address: network.address,
            signal: signalTo(pid),
            resize,
            exec: (process, io) => others.run(process, io),
          }),
      }),
      io: {
        ...io,
        started: () => {
          io.started?.();
          this.#clear();
        },
      },
      kill: () => {
        if (group !== undefined) killGroup(lease.cgroups, group);
        else killFirstProcess(state, id);
      },
    });
    await others.ended();
    const usage = group === undefined ? {} : usageOf(lease.cgroups, group);
    if (group !== undefined) io.used?.(usage);
    if (io.signal.aborted) throw io.signal.reason;
    judge(process, ending, { outOfMemory, ...usage });
    endedWell = true;
  }

  /** The files are read for each process that wants devices: they may come while a build runs. */
  async #deviceEdits({ devices = [] }: Process): Promise<readonly ContainerEdits[]> {
    if (devices.length === 0) return [];
    const { Devices } = await import('../cdi/devices.ts');
    const known = await Devices.read(this.#options.deviceFolders);
    return known.edits(known.find(devices));
  }

  /** Its failure is told when the executor is closed. */
  #clear(): void {
    const leftovers = this.#leftovers;
    this.#leftovers = [];
    this.#clearing = Promise.all([this.#clearing, ...leftovers.map((remove) => remove())]).then(() => {});
    this.#clearing.catch(() => undefined);
  }

  /** What the runtime would do on `delete`, without starting it again. */
  async #forget({ cgroups, folder }: Lease, id: string, group: string | undefined): Promise<void> {
    const state = stateFolder(folder);
    killFirstProcess(state, id);
    if (group !== undefined) await removeGroup(cgroups, group);
    rmSync(join(state, id), { recursive: true, force: true });
  }

  /** Makes what all containers share. */
  #open(): Lease {
    if (this.#lease) return this.#lease;
    const { runFolder, leaseId, dns } = this.#options;
    const found = findCgroups();
    const runtime = findRuntime(this.#options.runtime ?? 'auto', found);
    mkdirSync(runFolder, { recursive: true, mode: 0o700 });
    const folder = leaseFolder(realpathSync(runFolder), leaseId);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const cgroups = openGroup(found, leaseGroup(leaseId));
    const watchdog = new Watchdog(folder);
    this.#watch(watchdog, cgroups, leaseGroup(leaseId));
    return (this.#lease = {
      folder,
      cgroups,
      watchdog,
      runtime,
      machine: {
        architecture: hostPlatform().architecture,
        capabilities: ownCapabilities(),
        seccomp: seccompSupported(),
        loopDevices: 0,
      },
      files: new LeaseFiles(folder, dns),
    });
  }

  #watch(watchdog: Watchdog, cgroups: Cgroups, group: string): void {
    this.#groups.add(group);
    for (const hierarchy of cgroups.hierarchies) watchdog.watch(join(hierarchy, group));
  }

  /** The container's cgroup, below the lease's; undefined where there can be none. */
  #group(
    { cgroups, watchdog }: Lease,
    { cgroupParent: parent, resources = {} }: Process,
    id: string,
  ): string | undefined {
    const refuse = (message: string): never => {
      throw new Failed<ExecutorFailure>({ kind: 'runtime', message });
    };
    if (parent.endsWith(':')) {
      refuse(`the cgroup parent ${parent} is a slice of systemd; containers here do without systemd: give a path`);
    }
    if (cgroups.kind === 'none') {
      if (parent || Object.values(resources).some(Boolean)) {
        refuse(`limits and a cgroup parent need cgroups, but ${cgroups.reason}`);
      }
      return undefined;
    }
    const group = join('/', parent, leaseGroup(this.#options.leaseId));
    if (!this.#groups.has(group)) this.#watch(watchdog, cgroups, group);
    return join(group, id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error('the executor was closed'));
    await Promise.allSettled(this.#running);
    await using stack = new AsyncDisposableStack();
    this.#clear();
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease) {
      stack.use(lease.watchdog);
      stack.defer(() => removeWithMounts(lease.folder));
      for (const group of this.#groups) {
        stack.defer(async () => {
          await removeGroup(lease.cgroups, group);
          removeIfEmpty(lease.cgroups, dirname(group));
        });
      }
    }
    if (this.#vault) stack.use(this.#vault);
    stack.use(this.#networks);
    stack.use(this.#emulators);
    stack.defer(() => this.#clearing);
  }
}
