import { mkfile } from '../../../llb/file-actions.ts';
import type { CdiDeviceOption, RunMount, RunOptions } from '../../../llb/run.ts';
import { scratch } from '../../../llb/state.ts';
import { readDevice } from '../devices.ts';
import { mistake } from '../failure.ts';
import { readFlags } from '../flags.ts';
import { jsonOrText } from '../forms.ts';
import { chomp, heredocWord } from '../heredoc.ts';
import { convertMount, mountFrom, readMount, type MountRequest } from '../mounts.ts';
import type { Node } from '../parse.ts';
import type { Command, Stage } from '../stage.ts';
import type { Variables } from '../words.ts';
import { inShell } from './shell.ts';

/** `RUN [flags] command`. */
export interface Run {
  readonly kind: 'run';
  readonly node: Node;
  readonly args: readonly string[];
  readonly json: boolean;
  readonly mounts: readonly MountOption[];
  readonly devices: readonly CdiDeviceOption[];
  readonly network: (typeof networks)[number];
  readonly security: (typeof securities)[number];
}

/** A `--mount` as written, and what it mounts from ('' if it does not say). */
export interface MountOption {
  readonly option: string;
  readonly from: string;
}

const networks = ['default', 'none', 'host'] as const;
const securities = ['sandbox', 'insecure'] as const;
export const flagKinds = { mount: 'list', network: 'text', security: 'text', device: 'list' } as const;

export function readRun(node: Node): Run {
  const flags = readFlags(node.flags, flagKinds);
  const { args, json } = jsonOrText(node.rest);
  if (json && args.length === 0) throw mistake('RUN requires at least one argument', { token: node.rest });
  const mounts = flags.mount.map((option) => ({ option, from: mountFrom(option) }));
  const network = networks.find((mode) => mode === (flags.network ?? 'default'));
  if (!network) {
    const { network: word = '' } = flags;
    throw mistake(`invalid network mode "${word}"`, { token: word, nearTo: { word, candidates: networks } });
  }
  const security = securities.find((mode) => mode === (flags.security ?? 'sandbox'));
  if (!security) {
    const { security: word = '' } = flags;
    throw mistake(`security "${word}" is not valid`, { token: word, nearTo: { word, candidates: securities } });
  }
  const devices = flags.device.map(readDevice);
  return { kind: 'run', node, args, json, mounts, devices, network, security };
}

export function convertRun(instruction: Run, stage: Stage, { sources }: Command): void {
  const { node, network, security, devices } = instruction;
  const { options, proxy } = stage.conversion;
  const requests = instruction.mounts.map(({ option }) => readMount(option, (word) => stage.expand(word)));
  // A process may look at anything.
  stage.paths.add('/');
  const { args, mounts, summary } = processOf(instruction, stage);
  mounts.push(...requests.map((request, i) => convertMount(request, stage, sources[i])));
  if (options.shmSize > 0) mounts.push({ kind: 'tmpfs', target: '/dev/shm', size: options.shmSize });
  const shown = stage.shown(
    node.original.trim() + summary,
    { keepQuotes: true, keepUnset: true },
    maskSecrets(requests, stage.variables),
  );
  const run: RunOptions = {
    customName: stage.stepName(shown, stage.nextStep()),
    description: { 'com.docker.dockerfile.v1.command': node.original.trim() },
    location: stage.location(node.range),
    mounts,
    security,
    ...(stage.noCache && { ignoreCache: true }),
    ...(proxy && { proxyEnv: proxy }),
    ...(devices.length > 0 && { cdiDevices: devices }),
    ...(network !== 'default' && { network }),
    ...(options.extraHosts.length > 0 && { extraHosts: options.extraHosts }),
    ...(options.ulimits.length > 0 && { ulimits: options.ulimits }),
    ...(options.cgroupParent && { cgroupParent: options.cgroupParent }),
    ...(options.resources && { linuxResources: options.resources }),
  };
  const declared = stage.args().map(({ key, value }) => `${key}=${value}`);
  const before = declared.length > 0 ? [`|${declared.length}`, ...declared] : [];
  const { output } = stage.state.run(args, run);
  stage.state = stage.state.withOutput(output);
  stage.record(`RUN ${[...before, ...args].join(' ')} # buildkit`, { layer: true });
}

interface Process {
  readonly args: readonly string[];
  readonly mounts: RunMount[];
  /** Of a script in the Dockerfile, for people: its first line. */
  readonly summary: string;
}

/** The process that a RUN means, with the script that a heredoc holds. */
function processOf({ node, args, json }: Run, stage: Stage): Process {
  const [first] = node.heredocs;
  if (!first) return { args: json ? args : inShell(stage, args.join(' ')), mounts: [], summary: '' };
  const [command = ''] = args;
  if (!heredocWord(command)) {
    // The shell reads heredocs itself; it gets them as they were written.
    const bodies = node.heredocs.map(({ content, name }) => `\n${content}${name}`);
    return { args: inShell(stage, command + bodies.join('')), mounts: [], summary: '' };
  }
  const script = first.chomp ? chomp(first.content) : first.content;
  const summary = ` (${summarise(first.content)})`;
  if (!script.startsWith('#!') || stage.image.platform.os === 'windows') {
    return { args: inShell(stage, script), mounts: [], summary };
  }
  const file = scratch()
    .dir('/')
    .file(mkfile(first.name, script, { mode: 0o755 }), {
      customName: '[internal] preparing inline document',
      platform: stage.runPlatform,
    });
  const mount: RunMount = { kind: 'bind', target: '/dev/pipes/', from: file, sourcePath: '/', readonly: true };
  return { args: inShell(stage, `/dev/pipes/${first.name}`), mounts: [mount], summary };
}

function summarise(script: string): string {
  const [line = '', ...more] = script.trim().replaceAll('\r\n', '\n').split('\n');
  return line + (more.length > 0 ? '...' : '');
}

/** Secrets that become variables are not known here; people are to see that they are secrets. */
function maskSecrets(requests: readonly MountRequest[], variables: Variables): Variables {
  const secrets = new Set(requests.flatMap(({ type, env }) => (type === 'secret' && env !== undefined ? [env] : [])));
  if (secrets.size === 0) return variables;
  return { get: (name) => (secrets.has(name) ? '****' : variables.get(name)), keys: () => variables.keys() };
}
