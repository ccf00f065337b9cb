// The engine of this machine: opens each room once, joins them, and closes them in reverse. The one file that knows
// every room; it only joins. What a cached build does not need is loaded when it is first asked for.

import { join } from 'node:path';
import { openBuild, recordsOf } from './build/build.ts';
import { define } from './build/define.ts';
import type { BuildFailure } from './build/failure.ts';
import type { Forecast } from './build/forecast.ts';
import type { ImageContainer, ImageContainerOptions } from './build/image-container.ts';
import type { Reach } from './build/look.ts';
import type { Parts } from './build/parts.ts';
import type { PrunePolicy, UsageRecord } from './cache/api.ts';
import { openCache } from './cache/cache.ts';
import { openContentHash } from './cache/content-hash.ts';
import type { KeptImage } from './cache/images.ts';
import { cachePath } from './cache/path.ts';
import type { DiskStore } from './content/disk.ts';
import type { ContainerShell } from './debug/container-shell.ts';
import type { Entered } from './debug/enter.ts';
import type { Enterable } from './debug/enterable.ts';
import type { Defined, Engine, Estimator, ImageKeys } from './engine.ts';
import type { Executor } from './executor/executor.ts';
import type { Digest } from './oci/digest.ts';
import { openCacheStore } from './ops/cache-store.ts';
import type { FailedStep } from './ops/failed-step.ts';
import { openPool } from './pool/pool.ts';
import type { Work } from './progress/work.ts';
import type { RegistryHosts } from './registry/hosts.ts';
import type { Account, RegistryClient } from './registry/registry.ts';
import type { RegistryWarning } from './registry/remote.ts';
import type { HttpRequest } from './registry/transport.ts';
import { machineBudget, type MemoryShare } from './scheduler/machine.ts';
import { Scheduler } from './scheduler/scheduler.ts';
import type { Job } from './session/job.ts';
import type { CacheRecord } from './solver/records.ts';
import { LookedAt } from './source/looked-at.ts';
import type { ImageResolver } from './source/source.ts';
import { Failed } from './std/failed.ts';
import { giveBackFreed } from './sys/malloc.ts';

export interface EngineOptions {
  /** Where all state is kept; `MONOKIT_CACHE_DIR` or the XDG place when left out. */
  readonly cacheDir?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How many steps run at a time; no bound when left out. Processes are bound by what they take, too. */
  readonly concurrency?: number;
  /** What processes may take of the memory together: bytes, or a share of what is available; 80% unless said. */
  readonly memory?: MemoryShare;
  /** What earlier builds tell of a step, for the order in which steps run and how many do at a time. */
  readonly estimate?: Estimator;
  /** Where files of the Container Device Interface are looked for; CDI's own folders unless said. */
  readonly deviceFolders?: readonly string[];
  /** What a RUN step's `sandbox` network is: the host's, or a bridge of its own where the machine has the tools. */
  readonly network?: 'host' | 'bridge' | 'auto';
  /** Mirrors and manners, by registry host; a function is asked once, when a registry first has to be reached. */
  readonly registries?: RegistryHosts | (() => Promise<RegistryHosts>);
  /**
   * Definitions are made to be looked at, and nothing is run for them: this takes the place of asking what images' names
   * mean (it may ask on), and files that name another frontend are refused.
   */
  readonly resolver?: (ask: ImageResolver['resolve']) => ImageResolver['resolve'];
}

/** An engine that runs here, with the questions that only its owner asks. */
export interface LocalEngine extends Engine {
  /** What builds of this engine looked at so far. */
  readonly lookedAt: LookedAt;
  /** Between builds of one who builds on and on: what was looked at is forgotten, and freed memory given back. */
  rest(): void;
  /** A file that is another one whenever names in the store come to mean something else, or something is pruned. */
  readonly changedFile: string;
  /** Whether no other process did any of that since this engine was opened. */
  readonly onlyOurs: boolean;
  /** The images in the store, by name. */
  images(): Iterable<KeptImage>;
  /** What the cache keeps of images, by digest. */
  readonly content: Pick<DiskStore, 'open' | 'size'>;
  /** Bytes of an image's layers as they are stored. */
  imageSize(image: KeptImage): Promise<number>;
  usage(): Promise<readonly UsageRecord[]>;
  prune(policy: PrunePolicy, work: Work): Promise<readonly UsageRecord[]>;
  /** What a build would do with each step of all this; nothing is run, fetched or kept. */
  forecast(defined: readonly Defined[], options: { readonly reach: Reach } & Work): Promise<Forecast>;
  /**
   * What building all this would key its steps by, each request's images in order, as far as that is known without
   * building; good until `use` is done.
   */
  withKeys<T>(
    defined: readonly Defined[],
    work: Work,
    use: (keys: readonly (readonly ImageKeys[])[]) => Promise<T>,
  ): Promise<T>;
  /** The cache records of what a request defines; it is built for them, and nothing is exported. */
  cacheRecords(defined: Defined, work: Work): Promise<readonly CacheRecord[]>;
  /** What a request's images are made of, as one digest that is equal on any machine. Nothing is built. */
  fingerprint(defined: Defined, work: Work): Promise<Digest>;
  /** Failed steps of which the cache keeps what they left, the latest first. */
  failedSteps(): Promise<readonly FailedStep[]>;
  /** Opens a place to look around in: what is written there is thrown away. */
  enter(where: Enterable, job: Job): Promise<Entered>;
  /** A container of a request's image, which is brought about for it where it isn't there. Nothing runs in it yet. */
  openContainer(defined: Defined, options: ImageContainerOptions, work: Work): Promise<ImageContainer>;
  /** A shell for a container that runs; one without is lent the machine's busybox. Fails with `no-busybox`. */
  shellOf(container: ImageContainer, options: { readonly signal: AbortSignal }): Promise<ContainerShell>;
  /** Registries as somebody with these credentials, reached as the engine reaches them. */
  registry(who: Account): Promise<RegistryClient>;
}

export async function openEngine(options: EngineOptions = {}): Promise<LocalEngine> {
  const { env = process.env, concurrency, memory, estimate, network, deviceFolders, registries: hosts } = options;
  await using opened = new AsyncDisposableStack();
  const path = cachePath({ env, ...(options.cacheDir !== undefined && { asked: options.cacheDir }) });
  const runFolder = join(path, 'run');
  const pool = opened.use(openPool());
  const cache = opened.use(
    await openCache(path, {
      pool,
      deadOwners: [async (lease) => (await import('./executor/dead.ts')).cleanDead(runFolder, [lease])],
    }),
  );
  const lookedAt = new LookedAt();
  /** Whoever builds right now hears what registries want their users to know. */
  const listeners = new Set<Pick<Work, 'report'>>();
  const contentHash = openContentHash(cache.index, pool);

  const executor = once(async (): Promise<Executor> => {
    const { openExecutor } = await import('./executor/runc-executor.ts');
    return opened2.use(
      openExecutor({
        runFolder,
        leaseId: cache.lease.id,
        ...(network && { network }),
        ...(deviceFolders && { deviceFolders }),
      }),
    );
  });
  const registries = once(async () => {
    const { Registries } = await import('./registry/registry.ts');
    const { Transport } = await import('./registry/transport.ts');
    const transport = new (class extends Transport {
      override send(request: HttpRequest) {
        lookedAt.elsewhere();
        return super.send(request);
      }
    })();
    const onLook = (path: string) => lookedAt.path(path);
    const onWarning = ({ host, text: message }: RegistryWarning) => {
      const diagnostic = { severity: 'warning', code: 'registry/says', message, file: host } as const;
      for (const listener of listeners) listener.report({ kind: 'warning', at: Date.now(), diagnostic });
    };
    return opened2.use(new Registries({ transport, onLook, onWarning, ...(hosts && { hosts }) }));
  });
  const imageSource = once(async () => {
    const { ImageSource } = await import('./source/image.ts');
    const images = { get: async (name: string) => cache.images.get(name)?.descriptor };
    return new ImageSource({ cache, content: cache.content, registries: await registries(), images });
  });
  const resolver = once(async (): Promise<ImageResolver> => {
    const images = await imageSource();
    return options.resolver ? { resolve: options.resolver((...asked) => images.resolve(...asked)) } : images;
  });
  const layoutSource = once(async () => {
    const { OciLayoutSource } = await import('./source/oci-layout.ts');
    return new OciLayoutSource({ cache, content: cache.content });
  });
  const localSource = once(async () => {
    const { LocalSource } = await import('./source/local.ts');
    return new LocalSource({ cache, index: cache.index, pool, lookedAt });
  });
  const httpSource = once(async () => {
    const { HttpSource } = await import('./source/http.ts');
    return new HttpSource({ cache, index: cache.index, registries: await registries() });
  });
  const gitSource = once(async () => {
    const { GitSource } = await import('./source/git.ts');
    return new GitSource({ cache, index: cache.index });
  });
  const sources: Readonly<Record<string, Parts['source']>> = {
    'docker-image': imageSource,
    'oci-layout': layoutSource,
    local: localSource,
    http: httpSource,
    https: httpSource,
    git: gitSource,
  };

  const budget = once(() => machineBudget(memory));
  const parts: Parts = {
    cache,
    contentHash,
    lookedAt,
    env,
    pool,
    executor,
    store: openCacheStore(cache.index, cache, cache.claims),
    source: async (scheme) => {
      if (['http', 'https', 'git'].includes(scheme)) lookedAt.elsewhere();
      return sources[scheme]?.(scheme);
    },
    images: (kind) => (kind === 'layout' ? layoutSource() : resolver()),
    frontend: async (name) => {
      if (name === 'dockerfile.v0') return (await import('./frontend/dockerfile/dockerfile.ts')).dockerfile;
      if (name === 'gateway.v0' && options.resolver) {
        const message = 'it is for another frontend, and none is run to look at a file';
        throw new Failed<BuildFailure>({ kind: 'frontend-refused', message });
      }
      return name === 'gateway.v0' ? (await import('./frontend/gateway/gateway.ts')).gateway : undefined;
    },
    exporter: async (type) => {
      const { exporters } = await import('./exporter/exporter.ts');
      return exporters[type as keyof typeof exporters];
    },
    exportDeps: async () => ({ content: cache.content, images: cache.images, registries, pool }),
    ...(deviceFolders && { deviceFolders }),
    scheduler: new Scheduler({ budget, ...(concurrency !== undefined && { concurrency }) }),
    budget,
    ...(estimate && { estimate }),
  };
  /** Folder of this process alone, which may not be there yet; whoever finds this process dead removes it. */
  const scratch = () => join(runFolder, cache.lease.id);
  const opened2 = opened.move();
  return {
    define: (request, work) => {
      const listener = { report: work.report.bind(work) };
      listeners.add(listener);
      return define(request, parts, work).finally(() => listeners.delete(listener));
    },
    open: (work) => {
      const listener = { report: work.report.bind(work) };
      listeners.add(listener);
      const build = openBuild(parts, work);
      return {
        ...build,
        async [Symbol.asyncDispose]() {
          await build[Symbol.asyncDispose]();
          listeners.delete(listener);
        },
      };
    },
    lookedAt,
    rest: () => {
      lookedAt.forget();
      giveBackFreed();
    },
    changedFile: cache.folder.changed,
    get onlyOurs() {
      return cache.onlyOurs;
    },
    content: cache.content,
    images: () => cache.images.list(),
    imageSize: (image) => cache.images.size(image),
    usage: () => cache.usage(),
    prune: async (policy, work) => {
      const removed = await cache.prune(policy, work);
      const { sweepKeys } = await import('./ops/cache-sweep.ts');
      await sweepKeys(cache.index, (ref) => cache.has(ref));
      return removed;
    },
    withKeys: async (defined, work, use) =>
      (await import('./build/with-keys.ts')).withKeys(defined, { parts, work }, use),
    forecast: async (defined, { reach, ...work }) =>
      (await import('./build/forecast.ts')).forecast(defined, { ...parts, reach }, work),
    cacheRecords: (defined, work) => recordsOf(defined, parts, work),
    fingerprint: async (defined, work) => (await import('./build/fingerprint.ts')).fingerprintOf(defined, parts, work),
    failedSteps: async () => (await import('./ops/failed-step.ts')).failedSteps(cache),
    enter: async (where, job) => {
      const { enterAt } = await import('./debug/enterable.ts');
      return enterAt(where, parts, { env, scratch: scratch(), job });
    },
    openContainer: async (defined, containerOptions, work) => {
      const { openImageContainer } = await import('./build/image-container.ts');
      return openImageContainer(defined, { ...containerOptions, scratch: scratch() }, parts, work);
    },
    shellOf: async (container, shellOptions) => {
      const { containerShell } = await import('./debug/container-shell.ts');
      return containerShell(container, { env, scratch: scratch() }, shellOptions);
    },
    registry: async (who) => (await registries()).as(who),
    [Symbol.asyncDispose]: () => opened2.disposeAsync(),
  };
}

/** Opened once, however many ask. */
function once<T extends object>(open: () => T): () => T {
  let opened: T | undefined;
  return () => (opened ??= open());
}
