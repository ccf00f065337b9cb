// One image's container while it is watched: put in place of the one before, stopped, fed with files.

import { constants } from 'node:os';
import type { WatchSpec } from '@monokit/config';
import type {
  ContainerShell,
  Defined,
  ImageContainer,
  ImageProcess,
  ImageProcessIo,
  LocalEngine,
  StartedImage,
  SyncedPath,
} from '@monokit/engine';
import { failedOf } from '@monokit/engine/std/failed';
import { Forwarder } from './forwarder.ts';
import { Lines } from './lines.ts';
import { isForwarded } from './ports.ts';
import { Restarts } from './restarts.ts';
import { mountsOf } from './volumes.ts';

export interface RunningOptions {
  readonly engine: LocalEngine;
  /** Ends what is being made ready; what runs is stopped in good order. */
  readonly signal: AbortSignal;
  /** Names that it knows beside its own, each with an address. */
  readonly hosts: readonly { readonly host: string; readonly ip: string }[];
  /** Folder of the workspace's volumes. */
  readonly volumes: string;
  /** A line that a process in it wrote. */
  onLine(line: string): void;
  /** A port that is reached by whatever number was free. */
  onPort(port: { readonly target: number; readonly published: number }): void;
  /** Its first process ended by itself; it is started again in `again` milliseconds, or not before it changes. */
  onEnd(end: ProcessEnd & { readonly again: number | undefined }): void;
}

export type ProcessEnd = { readonly code: number } | { readonly error: unknown };

/** How long a process may take to end before it is killed, in milliseconds: Docker's. */
const defaultGrace = 10_000;

/** A container that was made, and how it is to run. */
export class Running implements AsyncDisposable {
  readonly #container: ImageContainer;
  readonly #spec: WatchSpec | undefined;
  readonly #options: RunningOptions;
  readonly #process: ImageProcess;
  readonly #restarts: Restarts;
  #started: StartedImage | undefined;
  /** What is about to make it run. */
  #starting: Promise<unknown> = Promise.resolve();
  #again: NodeJS.Timeout | undefined;
  #forwarders: AsyncDisposableStack | undefined;
  /** Those that were asked to end: that they did is no news. */
  readonly #stopped = new WeakSet<StartedImage>();

  /** Makes a container of the image; nothing runs in it yet. Undefined where the image says nothing that could. */
  static async open(
    defined: Defined,
    spec: WatchSpec | undefined,
    options: RunningOptions,
  ): Promise<Running | undefined> {
    const { engine, signal, hosts, volumes } = options;
    const { id } = defined.request;
    const container = await engine.openContainer(
      defined,
      {
        hostname: id.replaceAll(/[^A-Za-z0-9-]+/g, '-').slice(0, 63),
        extraHosts: hosts,
        network: !spec || spec.network === 'default' ? 'sandbox' : spec.network,
        mounts: mountsOf(spec, volumes),
      },
      { signal, report: () => undefined },
    );
    const process = processOf(container.config, spec);
    if (process) return new Running(container, process, { spec, options });
    await container[Symbol.asyncDispose]();
    return undefined;
  }

  private constructor(
    container: ImageContainer,
    process: ImageProcess,
    { spec, options }: { readonly spec: WatchSpec | undefined; readonly options: RunningOptions },
  ) {
    this.#container = container;
    this.#process = process;
    this.#spec = spec;
    this.#options = options;
    this.#restarts = new Restarts(spec?.restart ?? { when: 'never' });
  }

  /** Starts its process, with its ports; the one before has ended. Throws a `Mistake` for a port that is taken. */
  start(): Promise<void> {
    // One after the other: a process that ends at once is started again before its ports are there.
    const starting = this.#starting.then(() => this.#start());
    this.#starting = starting.catch(() => undefined); // told to whoever asked
    return starting;
  }

  async #start(): Promise<void> {
    const io = this.#io();
    const began = Date.now();
    const started = await this.#container.start(this.#process, io);
    this.#started = started;
    const end = (how: ProcessEnd) => {
      io.end();
      if (this.#started === started) this.#started = undefined;
      if (!this.#stopped.has(started)) this.#ended(how, Date.now() - began);
    };
    started.ended.then(
      (code) => end({ code }),
      (error: unknown) => end({ error }),
    );
    try {
      this.#forwarders ??= await this.#forward(started.address);
    } catch (error) {
      this.#stopped.add(started);
      started.signal('SIGKILL');
      await Promise.allSettled([started.ended]);
      throw error;
    }
  }

  #ended(end: ProcessEnd, ran: number): void {
    // What could not even be started would not be the next time.
    const failed = 'code' in end ? end.code !== 0 : failedOf(end.error, 'process-killed') !== undefined;
    const again = 'code' in end || failed ? this.#restarts.next({ failed, ran }) : undefined;
    this.#options.onEnd({ ...end, again });
    if (again === undefined) return;
    const start = () => this.start().catch((error: unknown) => this.#options.onEnd({ error, again: undefined }));
    this.#again = setTimeout(() => void start(), again);
  }

  /** Opens its ports, for as long as the container is there. */
  async #forward(address: string | undefined): Promise<AsyncDisposableStack | undefined> {
    if (address === undefined) return undefined;
    await using opened = new AsyncDisposableStack();
    for (const port of this.#spec?.ports ?? []) {
      if (!isForwarded(port, address)) continue;
      const forwarder = opened.use(await Forwarder.open(port, () => this.#started?.address));
      if (port.published === undefined) this.#options.onPort({ target: port.target, published: forwarder.port });
    }
    return opened.move();
  }

  /** Asks the process to end, and kills it when it has had its time. It is not started again. */
  async stop(): Promise<void> {
    clearTimeout(this.#again);
    await this.#starting;
    const started = this.#started;
    if (!started) return;
    this.#stopped.add(started);
    this.#started = undefined;
    started.signal(signalOf(this.#spec?.stopSignal ?? this.#container.config.StopSignal));
    const killer = setTimeout(() => started.signal('SIGKILL'), this.#spec?.stopGrace ?? defaultGrace);
    await Promise.allSettled([started.ended]);
    clearTimeout(killer);
  }

  sync(paths: readonly SyncedPath[]): Promise<void> {
    return this.#container.sync(paths, { user: this.#process.user, signal: this.#options.signal });
  }

  /** Runs one more process in it, to its exit code; undefined where none runs. */
  async exec(process: Parameters<Running['enter']>[0]): Promise<number | undefined> {
    const io = this.#io();
    return this.enter(process, io).finally(() => io.end());
  }

  /** Whether its process is there: it may have ended by itself. */
  get runs(): boolean {
    return this.#started !== undefined;
  }

  /** Its shell, or one that is lent to it. Fails with `no-busybox`. */
  findShell(): Promise<ContainerShell> {
    const { engine, signal } = this.#options;
    return engine.shellOf(this.#container, { signal });
  }

  /** One more process in it with its own streams, to its exit code; undefined where none runs. */
  async enter(
    process: Partial<ImageProcess> & Pick<ImageProcess, 'args'>,
    io: ImageProcessIo,
  ): Promise<number | undefined> {
    const env = [...this.#process.env, ...(process.env ?? [])];
    return this.#started?.exec({ ...this.#process, ...process, env }, io);
  }

  #io() {
    const { onLine } = this.#options;
    const [stdout, stderr] = [new Lines(onLine), new Lines(onLine)];
    return {
      // What runs outlives the watch's signal: it is asked to end, and has its time.
      signal: new AbortController().signal,
      stdout: (data: Uint8Array) => stdout.write(data),
      stderr: (data: Uint8Array) => stderr.write(data),
      end: () => [stdout, stderr].forEach((lines) => lines.end()),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#forwarders?.disposeAsync();
    await this.#container[Symbol.asyncDispose]();
  }
}

function processOf(config: ImageContainer['config'], spec: WatchSpec | undefined): ImageProcess | undefined {
  const entrypoint = spec?.entrypoint ?? config.Entrypoint ?? [];
  // As Docker has it: another entrypoint takes the image's command away.
  const command = spec?.command ?? (spec?.entrypoint ? [] : (config.Cmd ?? []));
  const args = [...entrypoint, ...command];
  if (args.length === 0) return undefined;
  const own = Object.entries(spec?.environment ?? {}).map(([name, value]) => `${name}=${value}`);
  return {
    args,
    env: [...(config.Env ?? []), ...own],
    cwd: spec?.workingDir ?? (config.WorkingDir || '/'),
    user: spec?.user ?? config.User ?? '',
  };
}

/** `SIGINT`, `INT`, `2` or `SIGRTMIN+3`; Docker's own where nothing is said. */
function signalOf(written: string | undefined): NodeJS.Signals | number {
  const name = (written || 'SIGTERM').toUpperCase();
  if (/^\d+$/.test(name)) return Number(name);
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  const realtime = /^SIGRTM(IN|AX)(?:([+-])(\d+))?$/.exec(full);
  if (realtime) return (realtime[1] === 'IN' ? 34 : 64) + Number(`${realtime[2] ?? '+'}${realtime[3] ?? 0}`);
  return Object.hasOwn(constants.signals, full) ? (full as NodeJS.Signals) : 'SIGTERM';
}
