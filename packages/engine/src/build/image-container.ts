// A container of an image that was built, for as long as somebody works on the image: it has a tree of its own over the
// image's layers, so nothing is copied, and nothing that happens in it is ever part of an image.

import { posix } from 'node:path';
import type { Defined, DefinedImage } from '../engine.ts';
import type { Container, Executor, ProcessIo, RunningProcess } from '../executor/executor.ts';
import type { ExecutorFailure } from '../executor/failure.ts';
import { resolveUser } from '../executor/user.ts';
import type { HostIp } from '../llb/exec.ts';
import type { ContainerConfig } from '../oci/image-config.ts';
import { hostPlatform, matches } from '../oci/platform.ts';
import { processOf } from '../ops/exec.ts';
import type { Work } from '../progress/work.ts';
import { mounted } from '../snapshot/mounts.ts';
import { Failed } from '../std/failed.ts';
import { requireEntitlements } from './entitlements.ts';
import { LiveFiles } from './live-files.ts';
import { solveTree } from './open-graph.ts';
import type { Parts } from './parts.ts';
import { readyVolumes, type ImageMount, type ReadyVolumes, type VolumesWorld } from './volumes.ts';

export interface ImageContainerOptions {
  readonly hostname: string;
  readonly extraHosts: readonly HostIp[];
  /** `sandbox` is what RUN steps have. */
  readonly network: 'sandbox' | 'host' | 'none';
  readonly mounts?: readonly ImageMount[];
}

export interface ImageProcess {
  readonly args: readonly string[];
  /** `NAME=value`, last one wins. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** `user[:group]`, by the container's own files; '' is root. */
  readonly user: string;
  /** With all that the engine may do; takes the entitlement `security.insecure`. */
  readonly privileged?: boolean;
}

/** Disposing kills what runs in it and removes its tree. */
export interface ImageContainer extends AsyncDisposable {
  /** How its image says that it starts. */
  readonly config: ContainerConfig;
  /** Its tree on this machine: what runs in it may put a link anywhere at any moment. */
  readonly root: string;
  /** Starts its first process, once the one before has ended. Resolves when it runs, or has ended already. */
  start(process: ImageProcess, io: ImageProcessIo): Promise<StartedImage>;
  /**
   * Makes paths in it what paths of this machine are, whether it runs or not: copied where those are there (a folder
   * without what is in it), removed where not. What is made belongs to `user`. No link in it leads out. What is put where
   * a volume is goes into that.
   */
  sync(paths: readonly SyncedPath[], options: { readonly user: string; readonly signal: AbortSignal }): Promise<void>;
}

export type ImageProcessIo = Pick<ProcessIo, 'signal' | 'stdin' | 'stdout' | 'stderr' | 'terminal' | 'running'>;

export interface SyncedPath {
  /** Absolute, on this machine. */
  readonly from: string;
  /** Absolute, in the container. */
  readonly to: string;
}

export interface StartedImage {
  /** Its exit code. Rejects if it could not be run, or was killed with its signal. */
  readonly ended: Promise<number>;
  /** Where this machine reaches what listens in it: a name or an IP; undefined where nothing does, or it has ended. */
  readonly address: string | undefined;
  /** Signals the first process; a number is one of this machine's signals. */
  signal(which: NodeJS.Signals | number): void;
  /** One more process beside it, to its exit code. */
  exec(process: ImageProcess, io: ImageProcessIo): Promise<number>;
}

/** Brings the image about (that of this machine's platform where it has several) and makes a container of it. */
export async function openImageContainer(
  defined: Defined,
  { scratch, ...options }: ImageContainerOptions & Pick<VolumesWorld, 'scratch'>,
  parts: Parts,
  work: Work,
): Promise<ImageContainer> {
  const { request, lenders } = defined;
  const { definition, config, platform } = imageFor(defined);
  requireEntitlements(
    { network: options.network, security: 'sandbox' },
    { who: request.id, granted: request.entitlements },
  );
  const job = { signal: work.signal, report: work.report.bind(work), session: request.session };
  await using opened = new AsyncDisposableStack();
  await using image = await solveTree({ definition, client: request, lenders }, parts, job);
  const tree = opened.use(await parts.cache.create(image, { description: `container of ${request.id}`, ...job }));
  // Mounted here, and lent to the container: an upper folder is mounted once.
  const { path } = opened.use(await mounted(tree.view()));
  const root = { mount: { kind: 'bind', path, readonly: false }, readonly: false } as const;
  const world = { pool: parts.pool, root: path, scratch, signal: work.signal };
  const volumes = opened.use(await readyVolumes(options.mounts ?? [], world));
  const executor = await parts.executor();
  const container: Container = { root, mounts: volumes.mounts, platform };
  const stack = opened.move();
  const about = { executor, container, path, options, defined, config: config?.config ?? {}, stack };
  return new OpenContainer({ ...about, folders: volumes.folders });
}

function imageFor({ images }: Defined): DefinedImage {
  const here = hostPlatform();
  return images.find(({ platform }) => matches(here, platform)) ?? images[0]!;
}

interface Inside {
  readonly executor: Executor;
  readonly container: Container;
  /** Where its tree is mounted. */
  readonly path: string;
  readonly options: ImageContainerOptions;
  readonly defined: Defined;
  readonly config: ContainerConfig;
  /** Of volumes, by where they are in it. */
  readonly folders: ReadyVolumes['folders'];
  readonly stack: AsyncDisposableStack;
}

class OpenContainer implements ImageContainer {
  readonly config: ContainerConfig;
  readonly root: string;
  readonly #inside: Inside;
  readonly #stop = new AbortController();
  readonly #processes = new Set<Promise<unknown>>();
  /** One writes at a time: what came last is what stays. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(inside: Inside) {
    this.#inside = inside;
    this.config = inside.config;
    this.root = inside.path;
  }

  async start(process: ImageProcess, io: ImageProcessIo): Promise<StartedImage> {
    const { executor, container } = this.#inside;
    const running = Promise.withResolvers<RunningProcess | undefined>();
    const ended = this.#run(process, io, (wanted, all) =>
      executor.run(wanted, container, { ...all, running: running.resolve }),
    );
    const over = () => running.resolve(undefined);
    ended.then(over, over);
    const first = await running.promise;
    return {
      ended,
      address: first?.address,
      signal: (which) => first?.signal(which),
      exec: (other, otherIo) =>
        first
          ? this.#run(other, otherIo, (wanted, all) => first.exec(wanted, all))
          : Promise.reject(new Error('the container has ended')),
    };
  }

  sync(
    paths: readonly SyncedPath[],
    { user, signal }: { readonly user: string; readonly signal: AbortSignal },
  ): Promise<void> {
    const writing = this.#writing.then(async () => {
      const { uid, gid } = resolveUser(this.#inside.path, user);
      const all = AbortSignal.any([signal, this.#stop.signal]);
      // Folders before what is in them.
      for (const { from, to } of paths.toSorted((a, b) => (a.to < b.to ? -1 : 1))) {
        all.throwIfAborted();
        const { files, path } = this.#placeOf(to);
        if (!(await files.copy(from, path, { owner: { uid, gid }, signal: all }))) files.remove(path);
      }
    });
    this.#writing = writing.catch(() => undefined); // told to whoever asked
    return writing;
  }

  /** Where a path of the container is: in its tree, or in the innermost of its volumes. */
  #placeOf(path: string): { readonly files: LiveFiles; readonly path: string } {
    const { folders, path: tree } = this.#inside;
    const target = [...folders.keys()].findLast((each) => posix.normalize(path).startsWith(`${each}/`));
    if (target === undefined) return { files: new LiveFiles(tree), path };
    const { root, inside } = folders.get(target)!;
    return { files: new LiveFiles(root), path: posix.join(inside, posix.normalize(path).slice(target.length)) };
  }

  /** Runs a process to its exit code. */
  #run(
    { privileged = false, ...meta }: ImageProcess,
    io: ImageProcessIo,
    run: (process: Parameters<Executor['run']>[0], io: ProcessIo) => Promise<void>,
  ): Promise<number> {
    const { defined, options } = this.#inside;
    const { id, entitlements, session } = defined.request;
    const security = privileged ? ('insecure' as const) : ('sandbox' as const);
    const signal = AbortSignal.any([io.signal, this.#stop.signal]);
    const ended = (async () => {
      requireEntitlements({ network: 'sandbox', security }, { who: id, granted: entitlements });
      const { hostname, extraHosts, network } = options;
      const more = { ulimits: [], cgroupParent: '', removeMountStubsRecursive: true, validExitCodes: [] };
      const op = { meta: { ...meta, ...more, hostname, extraHosts }, secretEnv: [], security, network, cdiDevices: [] };
      const wanted = await processOf(op, { signal, report: () => undefined, session });
      try {
        await run(wanted, { ...io, signal });
        return 0;
      } catch (error) {
        const failure = (error instanceof Failed ? error.failure : undefined) as ExecutorFailure | undefined;
        if (failure?.kind !== 'process-exit' || failure.ran === false) throw error;
        return failure.code;
      }
    })();
    this.#processes.add(ended);
    const forget = () => void this.#processes.delete(ended);
    ended.then(forget, forget);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error(`the container of ${this.#inside.defined.request.id} was removed`));
    await Promise.allSettled([...this.#processes, this.#writing]);
    await this.#inside.stack.disposeAsync();
  }
}
