// What instructions say about the image: its configuration and history, written as BuildKit writes them.
import type { ContainerConfig, Healthcheck, History, ImageConfig } from '../../oci/image-config.ts';
import { normalise, type Platform } from '../../oci/platform.ts';
import { mistake } from './failure.ts';

const historyComment = 'buildkit.dockerfile.v0';

/** Where programs are looked for if an image does not say. */
export function defaultPath(os: string): string {
  return os === 'windows'
    ? 'c:\\Windows\\System32;c:\\Windows;C:\\Windows\\System32\\WindowsPowerShell\\v1.0'
    : '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
}

/** An entry and all before it. Stages that are built on each other share what they have in common. */
interface HistoryChain {
  readonly entry: History;
  readonly before: HistoryChain | undefined;
}

/**
 * The configuration of one stage's image while instructions change it. A stage built on another starts from a `fork`;
 * neither then sees the other's changes.
 */
export class ImageDraft {
  author: string | undefined;
  platform: Platform;
  user = '';
  workdir = '';
  entrypoint: readonly string[] = [];
  cmd: readonly string[] = [];
  stopSignal = '';
  argsEscaped = false;
  healthcheck: Healthcheck | undefined;
  onBuild: readonly string[] = [];
  shell: readonly string[] = [];
  #env: Map<string, string | undefined> = new Map();
  #labels: Map<string, string> = new Map();
  #ports: Set<string> = new Set();
  #volumes: Set<string> = new Set();
  #shared = false;
  #history: HistoryChain | undefined;

  constructor(platform: Platform) {
    this.platform = platform;
  }

  /** The image of `FROM scratch`. */
  static empty(platform: Platform): ImageDraft {
    const draft = new ImageDraft(platform);
    draft.workdir = '/';
    if (platform.os !== 'windows') draft.#env.set('PATH', defaultPath(platform.os));
    return draft;
  }

  /** An image built on one that exists. When that was created is its own matter. */
  static from(base: ImageConfig): ImageDraft {
    const draft = new ImageDraft(platformOf(base));
    const { config } = base;
    draft.author = base.author;
    draft.user = config.User ?? '';
    draft.workdir = config.WorkingDir ?? '';
    draft.entrypoint = config.Entrypoint ?? [];
    draft.cmd = config.Cmd ?? [];
    draft.stopSignal = config.StopSignal ?? '';
    draft.argsEscaped = config.ArgsEscaped ?? false;
    draft.healthcheck = config.Healthcheck;
    draft.onBuild = config.OnBuild ?? [];
    draft.shell = config.Shell ?? [];
    for (const line of config.Env ?? []) {
      const equals = line.indexOf('=');
      draft.#env.set(equals < 0 ? line : line.slice(0, equals), equals < 0 ? undefined : line.slice(equals + 1));
    }
    draft.#labels = new Map(Object.entries(config.Labels ?? {}));
    draft.#ports = new Set(Object.keys(config.ExposedPorts ?? {}));
    draft.#volumes = new Set(Object.keys(config.Volumes ?? {}));
    for (const entry of base.history ?? []) draft.#history = { entry, before: draft.#history };
    return draft;
  }

  /** A draft to change on its own; triggers for children do not carry over from a stage of the same file. */
  fork(): ImageDraft {
    const copy = new ImageDraft(this.platform);
    const { author, user, workdir, entrypoint, cmd, stopSignal, argsEscaped, healthcheck, shell } = this;
    Object.assign(copy, { author, user, workdir, entrypoint, cmd, stopSignal, argsEscaped, healthcheck, shell });
    [copy.#env, copy.#labels, copy.#ports, copy.#volumes] = [this.#env, this.#labels, this.#ports, this.#volumes];
    copy.#history = this.#history;
    this.#shared = copy.#shared = true;
    return copy;
  }

  get env(): ReadonlyMap<string, string | undefined> {
    return this.#env;
  }

  setEnv(key: string, value: string): void {
    this.#own();
    this.#env.set(key, value);
  }

  setLabel(key: string, value: string): void {
    this.#own();
    this.#labels.set(key, value);
  }

  expose(port: string): void {
    this.#own();
    this.#ports.add(port);
  }

  addVolume(path: string): void {
    this.#own();
    this.#volumes.add(path);
  }

  /** Adds a line of history; `created` in Unix seconds where the build has a date of its own. */
  record(createdBy: string, options: { readonly layer: boolean; readonly created: number | undefined }): void {
    const created = options.created === undefined ? undefined : isoSeconds(options.created);
    const entry: History = {
      ...(created !== undefined && { created }),
      created_by: createdBy,
      comment: historyComment,
      ...(!options.layer && { empty_layer: true }),
    };
    this.#history = { entry, before: this.#history };
  }

  /** The finished configuration, its keys in the order in which BuildKit writes them. */
  finish(): ImageConfig {
    const config: ContainerConfig = {
      ...(this.user && { User: this.user }),
      ...(this.#ports.size > 0 && { ExposedPorts: emptyObjects(this.#ports) }),
      ...(this.#env.size > 0 && {
        Env: [...this.#env].map(([key, value]) => (value === undefined ? key : `${key}=${value}`)),
      }),
      ...(this.entrypoint.length > 0 && { Entrypoint: this.entrypoint }),
      ...(this.cmd.length > 0 && { Cmd: this.cmd }),
      ...(this.#volumes.size > 0 && { Volumes: emptyObjects(this.#volumes) }),
      ...(this.workdir && { WorkingDir: this.workdir }),
      ...(this.#labels.size > 0 && { Labels: Object.fromEntries(sorted(this.#labels.entries(), ([key]) => key)) }),
      ...(this.stopSignal && { StopSignal: this.stopSignal }),
      ...(this.argsEscaped && { ArgsEscaped: true }),
      ...(this.healthcheck && { Healthcheck: this.healthcheck }),
      ...(this.onBuild.length > 0 && { OnBuild: this.onBuild }),
      ...(this.shell.length > 0 && { Shell: this.shell }),
    };
    const history: History[] = [];
    for (let chain = this.#history; chain; chain = chain.before) history.push(chain.entry);
    const { os, architecture, variant, 'os.version': version, 'os.features': features } = normalise(this.platform);
    return {
      ...(this.author !== undefined && { author: this.author }),
      architecture,
      ...(variant && { variant }),
      os,
      ...(version && { 'os.version': version }),
      ...(features?.length && { 'os.features': features }),
      config,
      history: history.reverse(),
    };
  }

  #own(): void {
    if (!this.#shared) return;
    this.#env = new Map(this.#env);
    this.#labels = new Map(this.#labels);
    this.#ports = new Set(this.#ports);
    this.#volumes = new Set(this.#volumes);
    this.#shared = false;
  }
}

/** The platform that a configuration names. */
export function platformOf(config: ImageConfig): Platform {
  const { os, architecture, variant, 'os.version': version, 'os.features': features } = config;
  return {
    os,
    architecture,
    ...(variant && { variant }),
    ...(version && { 'os.version': version }),
    ...(features?.length && { 'os.features': features }),
  };
}

/** Whether an image has no layers, so that building on it is building on nothing. */
export function isEmptyImage(config: ImageConfig): boolean {
  return !config.rootfs?.diff_ids.length && (config.history ?? []).every((entry) => entry.empty_layer);
}

/**
 * Reads the configuration of a base image. It comes from a registry, so everything that is used is checked; what the
 * image format does not know is left out, as BuildKit does. Throws a mistake.
 */
export function readImageConfig(bytes: Uint8Array): ImageConfig {
  const broken = (why: string) => mistake(`failed to parse image config: ${why}`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error));
  }
  const record = (value: unknown, name: string): Record<string, unknown> => {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) throw broken(`${name} is not an object`);
    return value as Record<string, unknown>;
  };
  const image = record(json, 'it');
  const config = record(image.config, 'config');
  const text = (value: unknown, name: string): string | undefined => {
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') throw broken(`${name} is not a string`);
    return value;
  };
  const list = (value: unknown, name: string): readonly string[] | undefined => {
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw broken(`${name} is not a list of strings`);
    }
    return value.length > 0 ? value : undefined;
  };
  const keys = (value: unknown, name: string) => {
    const names = Object.keys(record(value, name));
    return names.length > 0 ? emptyObjects(names) : undefined;
  };
  const number = (value: unknown, name: string): number | undefined => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'number') throw broken(`${name} is not a number`);
    return value;
  };
  const labels = record(config.Labels, 'Labels');
  for (const [name, value] of Object.entries(labels)) text(value, `label ${name}`);
  const check =
    config.Healthcheck === undefined || config.Healthcheck === null
      ? undefined
      : record(config.Healthcheck, 'Healthcheck');
  const rootfs = record(image.rootfs, 'rootfs');
  const history = image.history ?? [];
  if (!Array.isArray(history)) throw broken('history is not a list');
  return compact({
    created: text(image.created, 'created'),
    author: text(image.author, 'author'),
    architecture: text(image.architecture, 'architecture') ?? '',
    variant: text(image.variant, 'variant'),
    os: text(image.os, 'os') ?? '',
    'os.version': text(image['os.version'], 'os.version'),
    'os.features': list(image['os.features'], 'os.features'),
    config: compact({
      User: text(config.User, 'User'),
      ExposedPorts: keys(config.ExposedPorts, 'ExposedPorts'),
      Env: list(config.Env, 'Env'),
      Entrypoint: list(config.Entrypoint, 'Entrypoint'),
      Cmd: list(config.Cmd, 'Cmd'),
      Volumes: keys(config.Volumes, 'Volumes'),
      WorkingDir: text(config.WorkingDir, 'WorkingDir'),
      Labels: Object.keys(labels).length > 0 ? (labels as Record<string, string>) : undefined,
      StopSignal: text(config.StopSignal, 'StopSignal'),
      ArgsEscaped: config.ArgsEscaped === true ? true : undefined,
      Healthcheck:
        check &&
        compact<Healthcheck>({
          Test: list(check.Test, 'Healthcheck.Test'),
          Interval: number(check.Interval, 'Healthcheck.Interval'),
          Timeout: number(check.Timeout, 'Healthcheck.Timeout'),
          StartPeriod: number(check.StartPeriod, 'Healthcheck.StartPeriod'),
          StartInterval: number(check.StartInterval, 'Healthcheck.StartInterval'),
          Retries: number(check.Retries, 'Healthcheck.Retries'),
        }),
      OnBuild: list(config.OnBuild, 'OnBuild'),
      Shell: list(config.Shell, 'Shell'),
    }),
    rootfs: { type: 'layers', diff_ids: (list(rootfs.diff_ids, 'rootfs.diff_ids') ?? []) as never },
    history: history.map((value: unknown) => {
      const entry = record(value, 'an entry of history');
      return compact<History>({
        created: text(entry.created, 'created'),
        created_by: text(entry.created_by, 'created_by'),
        author: text(entry.author, 'author'),
        comment: text(entry.comment, 'comment'),
        empty_layer: entry.empty_layer === true ? true : undefined,
      });
    }),
  });
}

type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

function compact<T extends object>(value: Loose<T>): T {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T;
}

function emptyObjects(keys: Iterable<string>): Record<string, Record<string, never>> {
  return Object.fromEntries(sorted(keys, (key) => key).map((key) => [key, {}]));
}

function sorted<T>(items: Iterable<T>, key: (item: T) => string): T[] {
  return [...items].sort((a, b) => Buffer.compare(Buffer.from(key(a)), Buffer.from(key(b))));
}

function isoSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
