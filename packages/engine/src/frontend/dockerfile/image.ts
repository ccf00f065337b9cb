// What instructions say about the image: its configuration and history, written as BuildKit writes them.

import type { ContainerConfig, Healthcheck, History, ImageConfig } from '../../oci/image-config.ts';
import { normalise, type Platform } from '../../oci/platform.ts';
import { platformOf } from './base-config.ts';
import { GrownMap } from './grown-map.ts';

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
  #env = GrownMap.of<string | undefined>();
  #labels = GrownMap.of<string>();
  #ports = GrownMap.of<true>();
  #volumes = GrownMap.of<true>();
  #history: HistoryChain | undefined;

  constructor(platform: Platform) {
    this.platform = platform;
  }

  /** The image of `FROM scratch`. */
  static empty(platform: Platform): ImageDraft {
    const draft = new ImageDraft(platform);
    draft.workdir = '/';
    if (platform.os !== 'windows') draft.setEnv('PATH', defaultPath(platform.os));
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
    draft.#env = GrownMap.of(
      (config.Env ?? []).map((line) => {
        const equals = line.indexOf('=');
        return equals < 0 ? [line, undefined] : [line.slice(0, equals), line.slice(equals + 1)];
      }),
    );
    draft.#labels = GrownMap.of(Object.entries(config.Labels ?? {}));
    draft.#ports = GrownMap.of(Object.keys(config.ExposedPorts ?? {}).map((port) => [port, true]));
    draft.#volumes = GrownMap.of(Object.keys(config.Volumes ?? {}).map((path) => [path, true]));
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
    return copy;
  }

  get env(): GrownMap<string | undefined> {
    return this.#env;
  }

  setEnv(key: string, value: string): void {
    this.#env = this.#env.with(key, value);
  }

  setLabel(key: string, value: string): void {
    this.#labels = this.#labels.with(key, value);
  }

  expose(port: string): void {
    this.#ports = this.#ports.with(port, true);
  }

  addVolume(path: string): void {
    this.#volumes = this.#volumes.with(path, true);
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
      ...(this.#ports.size > 0 && { ExposedPorts: emptyObjects(this.#ports.keys()) }),
      ...(this.#env.size > 0 && {
        Env: [...this.#env].map(([key, value]) => (value === undefined ? key : `${key}=${value}`)),
      }),
      ...(this.entrypoint.length > 0 && { Entrypoint: this.entrypoint }),
      ...(this.cmd.length > 0 && { Cmd: this.cmd }),
      ...(this.#volumes.size > 0 && { Volumes: emptyObjects(this.#volumes.keys()) }),
      ...(this.workdir && { WorkingDir: this.workdir }),
      ...(this.#labels.size > 0 && { Labels: Object.fromEntries(sorted(this.#labels, ([key]) => key)) }),
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
