import { digestOf } from '../oci/digest.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { ExecOp } from './exec.ts';
import type { FileAction } from './file-action.ts';
import type { Mount } from './mount.ts';
import type { Op } from './op.ts';
import type { SourceOp } from './source.ts';

/** What an op is, by name, so that the difference between two ops can be told by the names that differ. */
export type OpParts = Readonly<Record<string, string>>;

/**
 * The parts of an op that its result depends on, inputs left out: `command`, `env NAME`, `mount /path` … of an exec;
 * `image` and `digest` of an image; an action of a file op by what it makes. Values are as they are in the op.
 */
export function opParts(op: Op): OpParts {
  const platform: OpParts = op.platform && op.kind !== 'file' ? { platform: formatPlatform(op.platform) } : {};
  switch (op.kind) {
    case 'exec':
      return { ...execParts(op), ...platform };
    case 'file':
      return Object.fromEntries(op.actions.map(actionPart));
    case 'source':
      return { ...sourceParts(op), ...platform };
    case 'merge':
      return { merge: op.layers.length.toString() };
    case 'diff':
      return { diff: `${op.lower < 0 ? 'nothing' : 'a tree'} and ${op.upper < 0 ? 'nothing' : 'a tree'}` };
    case 'build':
      return { build: op.builder.toString(), ...Object.fromEntries(op.attrs) };
    case 'passthrough':
      return { passthrough: op.id };
  }
}

function execParts(op: ExecOp): OpParts {
  const { meta } = op;
  const [shell, flag, script, ...more] = meta.args;
  const isShell = shell === '/bin/sh' && flag === '-c' && script !== undefined && more.length === 0;
  return {
    command: isShell ? script : JSON.stringify(meta.args),
    ...Object.fromEntries(meta.env.map((entry) => pair(`env ${entry}`))),
    cwd: meta.cwd || '/',
    user: meta.user || 'root',
    ...(meta.hostname && { hostname: meta.hostname }),
    ...(meta.extraHosts.length > 0 && { hosts: meta.extraHosts.map(({ host }) => host).join(' ') }),
    ...Object.fromEntries(meta.ulimits.map(({ name, soft, hard }) => [`ulimit ${name}`, `${soft}:${hard}`])),
    ...(meta.cgroupParent && { cgroup: meta.cgroupParent }),
    ...(meta.validExitCodes.length > 0 && { 'exit codes': meta.validExitCodes.join(' ') }),
    network: op.network,
    security: op.security,
    ...Object.fromEntries(op.mounts.filter(({ dest }) => dest !== '/').map(mountPart)),
    ...Object.fromEntries(op.secretEnv.map(({ id, name }) => [`secret ${id}`, `variable ${name}`])),
    ...(op.cdiDevices.length > 0 && { devices: op.cdiDevices.map(({ name }) => name).join(' ') }),
  };
}

/** `NAME=value`, where a value may hold more of them. */
function pair(entry: string): readonly [string, string] {
  const equals = entry.indexOf('=');
  return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
}

function mountPart(mount: Mount): readonly [string, string] {
  const words: string[] = [mount.kind];
  if (mount.kind === 'cache') words.push(`id=${mount.id}`, mount.sharing);
  if (mount.kind === 'tmpfs' && mount.size > 0) words.push(`size=${mount.size}`);
  if (mount.kind === 'secret' || mount.kind === 'ssh') {
    words.push(`id=${mount.id}`, `${mount.uid}:${mount.gid}`, `0${mount.mode.toString(8)}`);
  }
  if (mount.selector) words.push(`of ${mount.selector}`);
  if (mount.readonly) words.push('readonly');
  return [`mount ${mount.dest}`, words.join(' ')];
}

function actionPart(action: FileAction): readonly [string, string] {
  const owned = (owner: unknown) => (owner === undefined ? '' : ` owned by ${JSON.stringify(owner)}`);
  switch (action.kind) {
    case 'copy': {
      const { src, dest, mode, modeText, include, exclude, unpackArchives } = action;
      const how = [
        modeText || mode !== -1 ? ` mode ${modeText || `0${mode.toString(8)}`}` : '',
        include.length > 0 ? ` only ${include.join(' ')}` : '',
        exclude.length > 0 ? ` without ${exclude.join(' ')}` : '',
        unpackArchives ? ' unpacked' : '',
      ].join('');
      return [`copy ${src}`, `to ${dest}${how}${owned(action.owner)}`];
    }
    case 'mkfile':
      // A digest will do to tell that it is another one.
      return [
        `file ${action.path}`,
        `${digestOf(action.data).slice(0, 19)} 0${action.mode.toString(8)}${owned(action.owner)}`,
      ];
    case 'mkdir':
      return [`folder ${action.path}`, `0${action.mode.toString(8)}${owned(action.owner)}`];
    case 'symlink':
      return [`link ${action.newpath}`, action.oldpath];
    case 'rm':
      return [`without ${action.path}`, ''];
  }
}

function sourceParts({ identifier, attrs }: SourceOp): OpParts {
  const more = Object.fromEntries([...attrs].filter(([name]) => !noPart.test(name)));
  const image = /^(?:docker-image|oci-layout):\/\/(.*?)(?:@(sha256:[0-9a-f]{64}))?$/.exec(identifier);
  if (!image) return { source: identifier, ...more };
  const [, name = '', digest] = image;
  return { image: name, ...(digest && { digest }), ...more };
}

/** What says where something is fetched from, and by whom. */
const noPart =
  /^(local\.(session|unique|sharedkeyhint|differ|followpaths)|oci\.|git\.(auth|known|mount|fullurl)|http\.auth)/;
