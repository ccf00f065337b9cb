import type { ContainerConfig, ImageConfig } from '../oci/image-config.ts';
import { hostPlatform, normalise, type Platform } from '../oci/platform.ts';
import type { Constraints } from './constraints.ts';
import type { Definition } from './definition.ts';
import { EnvList } from './env.ts';
import { ExecNode } from './exec-node.ts';
import type { NetworkMode, SecurityMode } from './exec.ts';
import {
  copy,
  mkdir,
  mkfile,
  rm,
  symlink,
  type CopyOptions,
  type CopySource,
  type FileActions,
  type MkdirOptions,
  type MkfileOptions,
  type RmOptions,
  type SymlinkOptions,
} from './file-actions.ts';
import { FileNode } from './file-node.ts';
import { Later, type LaterContext } from './later.ts';
import { marshal, type MarshalOptions } from './marshal.ts';
import { outputOf, type Output } from './node.ts';
import { PassthroughNode } from './passthrough-node.ts';
import type { RunOptions } from './run.ts';
import {
  changeSettings,
  initialSettings,
  inDir,
  PendingSettings,
  resolveSettings,
  type Settings,
  type SettingsChain,
} from './settings.ts';
import { splitWords } from './shell-words.ts';

/**
 * A filesystem that is yet to be made, and what processes run on it are told. Immutable: every method gives a new
 * state that shares what it builds on. Nothing is done before `marshal`.
 */
export class State {
  /** Undefined is scratch. */
  readonly output: Output | undefined;
  /** @internal The settings, or what they will be once a state below is decided. */
  readonly chain: SettingsChain;

  constructor(output: Output | undefined, chain: SettingsChain = initialSettings) {
    this.output = output;
    const platform = output?.kind === 'node' ? output.platform : undefined;
    this.chain = platform ? changeSettings(chain, (settings) => withPlatform(settings, platform)) : chain;
  }

  /** A process on this state, by its arguments; a string is split as a shell would, but no shell runs. */
  run(args: string | readonly string[], options: RunOptions = {}): ExecState {
    const node = new ExecNode(this, typeof args === 'string' ? splitWords(args) : args, options);
    return new ExecState(node, this.chain);
  }

  /** File actions as one vertex. */
  file(actions: FileActions, constraints: Constraints = {}): State {
    return this.withOutput(outputOf(new FileNode(this, actions, constraints)));
  }

  /** `file` with a single action, its options and constraints together. */
  copy(from: CopySource, src: string, dest: string, options: CopyOptions & Constraints = {}): State {
    return this.file(copy(from, src, dest, options), options);
  }

  mkdir(path: string, options: MkdirOptions & Constraints = {}): State {
    return this.file(mkdir(path, options), options);
  }

  mkfile(path: string, data: string | Uint8Array, options: MkfileOptions & Constraints = {}): State {
    return this.file(mkfile(path, data, options), options);
  }

  symlink(oldpath: string, newpath: string, options: SymlinkOptions & Constraints = {}): State {
    return this.file(symlink(oldpath, newpath, options), options);
  }

  rm(path: string, options: RmOptions & Constraints = {}): State {
    return this.file(rm(path, options), options);
  }

  env(key: string, value: string): State;
  env(variables: Readonly<Record<string, string>>): State;
  env(first: string | Readonly<Record<string, string>>, value = ''): State {
    const variables = typeof first === 'string' ? [[first, value] as const] : Object.entries(first);
    return this.set((settings) => ({
      ...settings,
      env: variables.reduce((env, [key, value]) => env.set(key, value), settings.env),
    }));
  }

  /** The working directory; a relative one starts at the present one. */
  dir(path: string): State {
    return this.set((settings) => inDir(settings, path));
  }

  user(user: string): State {
    return this.set((settings) => ({ ...settings, user }));
  }

  hostname(hostname: string): State {
    return this.set((settings) => ({ ...settings, hostname }));
  }

  network(network: NetworkMode): State {
    return this.set((settings) => ({ ...settings, network }));
  }

  security(security: SecurityMode): State {
    return this.set((settings) => ({ ...settings, security }));
  }

  /** One more line of `/etc/hosts`. */
  extraHost(host: string, ip: string): State {
    return this.set((settings) => ({ ...settings, extraHosts: [...settings.extraHosts, { host, ip }] }));
  }

  /** One more limit; -1 is unlimited. */
  ulimit(name: string, soft: number | bigint, hard: number | bigint = soft): State {
    const limit = { name, soft: BigInt(soft), hard: BigInt(hard) };
    return this.set((settings) => ({ ...settings, ulimits: [...settings.ulimits, limit] }));
  }

  cgroupParent(cgroupParent: string): State {
    return this.set((settings) => ({ ...settings, cgroupParent }));
  }

  platform(platform: Platform): State {
    return this.set((settings) => withPlatform(settings, platform));
  }

  /** What an image's config says: environment, working directory and platform. */
  withImageConfig(image: Pick<ImageConfig, 'os' | 'architecture'> & Partial<ImageConfig>): State {
    const config: Partial<ContainerConfig> = image.config ?? {};
    return this.set((settings) => {
      let { env } = settings;
      for (const [key, value] of EnvList.of(config.Env ?? [])) env = env.set(key, value);
      const changed = inDir({ ...settings, env }, config.WorkingDir ?? '');
      return image.os && image.architecture ? withPlatform(changed, image as Platform) : changed;
    });
  }

  /** Settings by a function of your own. */
  set(change: (settings: Settings) => Settings): State {
    return new State(this.output, changeSettings(this.chain, change));
  }

  /** Applies functions in turn: `state.with(goTools, cached('go'))`. */
  with(...changes: readonly ((state: State) => State)[]): State {
    return changes.reduce<State>((state, change) => change(state), this);
  }

  /** Another filesystem with the settings of this state. */
  withOutput(output: Output | undefined): State {
    return new State(output, this.chain);
  }

  /** This filesystem with the settings of another state. */
  reset(other: State): State {
    return new State(this.output, other.chain);
  }

  /** This state, but only once the others are done too. `id` names the vertex that says so. */
  requires(id: string, ...others: readonly State[]): State {
    if (others.length === 0) return this;
    const node = new PassthroughNode(id, [
      { state: this, output: true },
      ...others.map((state) => ({ state, output: false })),
    ]);
    return this.withOutput(node.outputAt(0));
  }

  /** A state that a function makes of this one when the platform is known, once for each platform. */
  async(change: (state: State, context: LaterContext) => State | Promise<State>): State {
    return decidedLater((context) => change(this, context));
  }

  /**
   * What processes on this state are told. Throws for a state that is decided later, unless it was marshalled for this
   * platform before.
   */
  get settings(): Settings {
    return resolveSettings(this.chain, { platform: hostPlatform() });
  }

  /** The graph behind this state as a definition. */
  marshal(options: MarshalOptions = {}): Promise<Definition> {
    return marshal(this, options);
  }
}

/** What a run leaves behind: its root filesystem, and with `mount` that of another mount. */
export class ExecState extends State {
  readonly #node: ExecNode;

  constructor(node: ExecNode, chain: SettingsChain) {
    super(node.root, chain);
    this.#node = node;
  }

  /** What became of a mount, with the settings of the state that was mounted. Throws if nothing is kept of it. */
  mount(target: string): State {
    return this.#node.mounted(target);
  }
}

/** A state that a function decides when it is marshalled, once for each platform. */
export function decidedLater(decide: (context: LaterContext) => State | Promise<State>): State {
  const later = new Later(decide);
  return new State({ kind: 'later', later }, new PendingSettings(later));
}

/**
 * A filesystem that a function supplies when it is marshalled; the settings are those of a new state. For inputs whose
 * options depend on what is built from them, as a context's paths do.
 */
export function suppliedLater(supply: (context: LaterContext) => State | Promise<State>): State {
  return new State({ kind: 'later', later: new Later(supply) });
}

/** Nothing: an empty filesystem. */
export function scratch(): State {
  return new State(undefined);
}

function withPlatform(settings: Settings, platform: Platform): Settings {
  return { ...settings, platform: normalise(platform) };
}
