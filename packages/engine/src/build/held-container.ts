import type { Container, ContainerMount, Executor, RunningProcess } from '../executor/executor.ts';
import type {
  ContainerIo,
  ContainerProcess,
  ContainerRequest,
  HeldContainer,
  ReadableTree,
  StartedProcess,
} from '../frontend/program-bridge.ts';
import { hostPlatform } from '../oci/platform.ts';
import { processOf } from '../ops/exec.ts';
import { holdMounts } from '../ops/mounts.ts';
import type { Job } from '../session/job.ts';
import { mounted } from '../snapshot/mounts.ts';
import { Failed } from '../std/failed.ts';
import { requireEntitlements } from './entitlements.ts';
import type { BuildFailure } from './failure.ts';
import { liveTree } from './live-tree.ts';
import type { Parts } from './parts.ts';
import { RefTree } from './readable-tree.ts';

export interface ContainerDeps {
  readonly parts: Pick<Parts, 'cache' | 'executor'>;
  readonly job: Job;
  /** What the request may do. */
  readonly granted: readonly string[];
}

/** Mounts everything of a container, so that it can be read while processes run in it, and afterwards. */
export async function openContainer(request: ContainerRequest, deps: ContainerDeps): Promise<HeldContainer> {
  const { parts, job, granted } = deps;
  const { name, mounts, platform = hostPlatform(), files = {} } = request;
  requireEntitlements({ network: request.network, security: 'sandbox' }, { who: name, granted });
  if (!mounts.some(({ mount }) => mount.dest === '/')) {
    const message = `${name} has no root filesystem: one of its mounts has to be at /`;
    throw new Failed<BuildFailure>({ kind: 'container-invalid', message });
  }
  await using opened = new AsyncDisposableStack();
  const inputs = mounts.flatMap(({ tree }) => (tree instanceof RefTree ? [tree.ref] : []));
  let next = 0;
  const numbered = mounts.map(({ mount, tree }) => ({ ...mount, input: tree ? next++ : -1, output: -1 }));
  const held = opened.use(await holdMounts({ mounts: numbered }, inputs, { cache: parts.cache, job, name }));
  const paths = new Map<string, string>();
  const root = await here(held.root, '/');
  const others: ContainerMount[] = [];
  for (const mount of held.mounts) {
    others.push(mount.kind === 'tree' ? { ...mount, ...(await here(mount, mount.target)) } : mount);
  }
  for (const [target, data] of Object.entries(files)) {
    others.push({ kind: 'secret', target, data, uid: 0, gid: 0, mode: 0o444 });
  }
  const executor = await parts.executor();
  const stack = opened.move();
  return new Held(request, {
    executor,
    container: { root, mounts: others, platform },
    paths: mounts.map(({ mount }) => paths.get(mount.dest)),
    job,
    granted,
    stack,
  });

  /** The mount as a folder in this process, which is what the container gets then: an upper folder is mounted once. */
  async function here(of: Container['root'], target: string): Promise<Container['root']> {
    const { path } = opened.use(await mounted(of.mount));
    paths.set(target, path);
    return { mount: { kind: 'bind', path, readonly: of.readonly }, readonly: of.readonly };
  }
}

interface Inside {
  readonly executor: Executor;
  readonly container: Container;
  readonly paths: readonly (string | undefined)[];
  readonly job: Job;
  readonly granted: readonly string[];
  readonly stack: AsyncDisposableStack;
}

class Held implements HeldContainer {
  readonly #request: ContainerRequest;
  readonly #inside: Inside;
  readonly #stop = new AbortController();
  readonly #processes: Promise<void>[] = [];
  #first: Promise<RunningProcess | undefined> | undefined;
  #over = false;

  constructor(request: ContainerRequest, inside: Inside) {
    this.#request = request;
    this.#inside = inside;
  }

  async start(process: ContainerProcess, io: ContainerIo): Promise<StartedProcess> {
    const { executor, container, job, granted } = this.#inside;
    const { name, network, hostname, extraHosts } = this.#request;
    requireEntitlements({ network, security: process.security }, { who: name, granted });
    const { secretEnv, security } = process;
    const { args, env, cwd, user } = process.meta;
    const meta = {
      ...{ args, env, cwd, user, hostname, extraHosts },
      ulimits: [],
      cgroupParent: '',
      removeMountStubsRecursive: true,
      validExitCodes: [],
    };
    const wanted = await processOf({ meta, secretEnv, security, network, cdiDevices: [] }, job);
    const signal = AbortSignal.any([io.signal, this.#stop.signal]);
    const running = Promise.withResolvers<RunningProcess | undefined>();
    const all = { ...io, signal, running: running.resolve };
    const before = this.#first;
    if (!before) this.#first = running.promise;
    const first = await before;
    if (before && (!first || this.#over)) {
      const message = `${name} has ended: its first process is over`;
      throw new Failed<BuildFailure>({ kind: 'container-invalid', message });
    }
    const ended = first ? first.exec(wanted, all) : executor.run(wanted, container, all);
    this.#processes.push(ended);
    const over = () => {
      this.#over ||= !before;
      running.resolve(undefined);
    };
    ended.then(over, over);
    const started = await running.promise;
    return { ended, signal: (which) => started?.signal(which), resize: (size) => started?.resize(size) };
  }

  tree(mount: number): ReadableTree {
    const path = this.#inside.paths[mount];
    if (path !== undefined) return liveTree(path);
    const { mounts, name } = this.#request;
    const message =
      mount < 0 || mount >= mounts.length
        ? `${name} has ${mounts.length} mounts: none has the index ${mount}`
        : `the ${mounts[mount]!.mount.kind} mount ${mounts[mount]!.mount.dest} of ${name} cannot be read`;
    throw new Failed<BuildFailure>({ kind: 'container-invalid', message });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error(`${this.#request.name} was released`));
    await Promise.allSettled(this.#processes);
    await this.#inside.stack.disposeAsync();
  }
}
