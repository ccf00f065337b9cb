import { isIP } from 'node:net';
import { normalise } from '../oci/platform.ts';
import { compareUtf8 } from '../proto/utf8.ts';
import { defaultPath, type EnvList } from './env.ts';
import type { ExecOp, HostIp, SecretEnv } from './exec.ts';
import { Inputs } from './inputs.ts';
import { invalid } from './invalid.ts';
import type { Mount } from './mount.ts';
import { outputOf, workersOf, type Made, type Making, type Node, type Output } from './node.ts';
import type {
  BindMountOption,
  CacheMountOption,
  RunOptions,
  SecretMountOption,
  SshMountOption,
  TmpfsMountOption,
} from './run.ts';
import { inDir, resolveSettings, type Settings, type SettingsChain } from './settings.ts';
import { State } from './state.ts';

/** A mount with files of its own: bind, cache and tmpfs. */
type FileMount = BindMountOption | CacheMountOption | TmpfsMountOption;

interface PlacedMount {
  readonly option: FileMount;
  readonly source: Output | undefined;
  /** Output of the op; -1 if nothing is kept. */
  readonly output: number;
}

/** A run as a node: sorts out its mounts at once, the rest when it is marshalled. */
export class ExecNode implements Node {
  readonly inputs: readonly Output[];
  readonly constraints: RunOptions;
  readonly chains: readonly SettingsChain[];
  /** The root filesystem after the run; what it was before, if that is read-only. */
  readonly root: Output | undefined;
  readonly #args: readonly string[];
  readonly #mounts: readonly PlacedMount[];
  readonly #secrets: readonly SecretMountOption[];
  readonly #ssh: readonly (SshMountOption & { readonly target: string })[];

  constructor(base: State, args: readonly string[], options: RunOptions) {
    if (args.length === 0) throw invalid('a run needs arguments');
    this.constraints = options;
    this.chains = [base.chain];
    this.#args = args;
    const mounts = options.mounts ?? [];
    const files = mounts.filter((mount) => mount.kind !== 'secret' && mount.kind !== 'ssh');
    const root: FileMount = { kind: 'bind', target: '/', from: base, readonly: options.readonlyRoot };
    this.#mounts = place([root, ...files]);
    this.#secrets = mounts.filter((mount) => mount.kind === 'secret');
    this.#ssh = mounts
      .filter((mount) => mount.kind === 'ssh')
      .map((mount, i) => ({ ...mount, target: mount.target || `/run/buildkit/ssh_agent.${i}` }));
    this.inputs = [...new Set(this.#mounts.flatMap(({ source }) => source ?? []))];
    const placed = this.#mounts.find(({ option }) => option === root)!;
    this.root = options.readonlyRoot ? base.output : outputOf(this, placed.output, options.platform);
  }

  /** What became of the mount at `target`. */
  mounted(target: string): State {
    const mount = this.#mounts.find(({ option }) => option.target === target);
    if (!mount) throw invalid(`nothing is mounted at ${target}`);
    const { option, source, output } = mount;
    const chain = option.kind === 'tmpfs' ? undefined : option.from?.chain;
    if (option.readonly && option.kind !== 'tmpfs') return new State(source, chain);
    if (output < 0) throw invalid(`nothing is kept of the ${option.kind} mount at ${target}`);
    return new State(outputOf(this, output, this.constraints.platform), chain);
  }

  make(making: Making): Made {
    const options = this.constraints;
    const settings = runSettings(resolveSettings(this.chains[0]!, making), options);
    const capabilities = new Set(['exec.meta.base']);
    const inputs = new Inputs(making);
    const mounts = [
      ...this.#mounts.map((mount) => fileMount(mount, inputs)),
      ...this.#secrets.flatMap((secret) => secretMount(secret)),
      ...this.#ssh.map((ssh) => sshMount(ssh)),
    ];
    const platform = options.platform ?? settings.platform ?? making.platform;
    const op: ExecOp = {
      kind: 'exec',
      inputs: inputs.edges,
      platform,
      workers: workersOf(this, making),
      meta: {
        args: this.#args,
        env: this.#env(settings.env, making, capabilities).toArray(),
        cwd: settings.dir,
        user: settings.user,
        ...(options.proxyEnv && { proxyEnv: options.proxyEnv }),
        extraHosts: settings.extraHosts.map(canonicalHost),
        hostname: settings.hostname,
        ulimits: settings.ulimits,
        cgroupParent: settings.cgroupParent,
        removeMountStubsRecursive: true,
        validExitCodes: options.validExitCodes ?? [],
      },
      mounts,
      network: settings.network,
      security: settings.security,
      secretEnv: this.#secrets.flatMap(secretEnv),
      cdiDevices: (options.cdiDevices ?? []).map(({ name, optional = false }) => ({ name, optional })),
    };
    this.#require(op, capabilities);
    return { kind: 'op', op, capabilities: [...capabilities] };
  }

  #env(env: EnvList, making: Making, capabilities: Set<string>): EnvList {
    const [agent] = this.#ssh;
    const lent = agent ? env.setDefault('SSH_AUTH_SOCK', agent.target) : env;
    if (!making.capabilities) return lent;
    if (making.capabilities.has('exec.meta.setsdefaultpath')) {
      capabilities.add('exec.meta.setsdefaultpath');
      return lent;
    }
    return normalise(making.platform).os === 'windows' ? lent : lent.setDefault('PATH', defaultPath);
  }

  /** Notes what the op asks of an engine. */
  #require(op: ExecOp, capabilities: Set<string>): void {
    const { validExitCodes, linuxResources, proxyEnv } = this.constraints;
    if (validExitCodes) capabilities.add('exec.validexitcode');
    if (op.meta.ulimits.length > 0) capabilities.add('exec.meta.ulimit');
    if (linuxResources) capabilities.add('exec.meta.linux.resources');
    if (op.network !== 'sandbox') capabilities.add('exec.meta.network');
    if (op.security !== 'sandbox') capabilities.add('exec.meta.security');
    if (proxyEnv) capabilities.add('exec.meta.proxyenv');
    if (op.cdiDevices.length > 0) capabilities.add('exec.meta.cdi');
    if (this.#secrets.length > 0) capabilities.add('exec.mount.secret');
    if (op.secretEnv.length > 0) capabilities.add('exec.secretenv');
    if (this.#ssh.length > 0) capabilities.add('exec.mount.ssh');
    for (const { option, source } of this.#mounts) {
      if (option.kind === 'tmpfs') {
        capabilities.add('exec.mount.tmpfs');
        if (option.size) capabilities.add('exec.mount.tmpfs.size');
        continue;
      }
      if (option.sourcePath) capabilities.add('exec.mount.selector');
      if (option.kind === 'cache') capabilities.add('exec.mount.cache').add('exec.mount.cache.sharing');
      else if (source) capabilities.add('exec.mount.bind');
      if ((option.contentCache ?? 'default') !== 'default') capabilities.add('exec.mount.cache.content');
    }
  }
}

/** The mounts in the order of their targets, outputs counted in that order. */
function place(options: readonly FileMount[]): readonly PlacedMount[] {
  let outputs = 0;
  return [...options]
    .sort((a, b) => compareUtf8(a.target, b.target))
    .map((option) => {
      if (option.kind === 'cache' && option.id === '') throw invalid(`the cache mount at ${option.target} has no id`);
      const kept = option.kind === 'bind' && !option.readonly && !option.noOutput;
      const source = option.kind === 'tmpfs' ? undefined : option.from?.output;
      return { option, source, output: kept ? outputs++ : -1 };
    });
}

function runSettings(settings: Settings, options: RunOptions): Settings {
  let { env } = settings;
  for (const [key, value] of variables(options.env)) env = env.set(key, value);
  const { user, hostname, network, security, extraHosts, ulimits, cgroupParent } = options;
  const changed: Settings = {
    ...settings,
    env,
    ...(user !== undefined && { user }),
    ...(hostname !== undefined && { hostname }),
    ...(network && { network }),
    ...(security && { security }),
    ...(extraHosts && { extraHosts: [...settings.extraHosts, ...extraHosts] }),
    ...(ulimits && {
      ulimits: [
        ...settings.ulimits,
        ...ulimits.map(({ name, soft, hard }) => ({ name, soft: BigInt(soft), hard: BigInt(hard) })),
      ],
    }),
    ...(cgroupParent !== undefined && { cgroupParent }),
  };
  return options.dir === undefined ? changed : inDir(changed, options.dir);
}

function variables(env: RunOptions['env']): Iterable<readonly [string, string]> {
  if (!env) return [];
  return Symbol.iterator in env ? (env as EnvList) : Object.entries(env);
}

const commonMount = { selector: '', readonly: false, contentCache: 'default', resultId: '' } as const;

function fileMount({ option, source, output }: PlacedMount, inputs: Inputs): Mount {
  const common = { ...commonMount, dest: option.target, output, readonly: option.readonly ?? false };
  const input = inputs.add(source);
  if (option.kind === 'tmpfs') return { ...common, kind: 'tmpfs', input, size: option.size ?? 0 };
  const bound = {
    ...common,
    input,
    selector: option.sourcePath ?? '',
    contentCache: option.contentCache ?? 'default',
  };
  if (option.kind === 'bind') return { ...bound, kind: 'bind' };
  return { ...bound, kind: 'cache', id: option.id, sharing: option.sharing ?? 'shared' };
}

/** Where a secret's file goes; undefined if it is a variable alone. */
function secretTarget({ id, target, env }: SecretMountOption): string | undefined {
  return target ?? (env === undefined ? `/run/secrets/${id}` : undefined);
}

function secretMount(secret: SecretMountOption): readonly Mount[] {
  const dest = secretTarget(secret);
  if (dest === undefined) return [];
  const { id, uid = 0, gid = 0, mode = 0o400, optional = false } = secret;
  return [{ ...commonMount, kind: 'secret', input: -1, output: 0, dest, id, uid, gid, mode, optional }];
}

function secretEnv({ id, env, optional = false }: SecretMountOption): readonly SecretEnv[] {
  return env === undefined ? [] : [{ id, name: env, optional }];
}

function sshMount(ssh: SshMountOption & { readonly target: string }): Mount {
  const { id = '', target, uid = 0, gid = 0, mode = 0o600, optional = false } = ssh;
  return { ...commonMount, kind: 'ssh', input: -1, output: 0, dest: target, id, uid, gid, mode, optional };
}

/** The address as Go prints it: IPv6 in its short form, mapped IPv4 as IPv4. */
function canonicalHost({ host, ip }: HostIp): HostIp {
  const version = isIP(ip);
  if (version === 0)
    throw invalid(`${JSON.stringify(ip)}, given for the host ${JSON.stringify(host)}, is no IP address`);
  if (version === 4) return { host, ip };
  const short = new URL(`http://[${ip}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (!mapped) return { host, ip: short };
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
  return { host, ip: [high >> 8, high & 255, low >> 8, low & 255].join('.') };
}
