// `RUN --mount=…`: reading the option, and what it mounts.

import { mkdir } from '../../llb/file-actions.ts';
import type { CacheSharing } from '../../llb/mount.ts';
import { basePath, cleanPath, joinPath } from '../../llb/path.ts';
import type { RunMount } from '../../llb/run.ts';
import { scratch, type State } from '../../llb/state.ts';
import { splitCsv } from '../../std/csv.ts';
import { parseGoBool } from '../../std/go-bool.ts';
import { goQuote } from '../../std/go-quote.ts';
import { mistake } from './failure.ts';
import type { Stage } from './stage.ts';

export const mountTypes = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
const sharings = ['shared', 'private', 'locked'] as const;
export const mountKeys = [
  'type',
  'from',
  'source',
  'target',
  'readonly',
  'id',
  'sharing',
  'required',
  'size',
  'mode',
  'uid',
  'gid',
];
mountKeys.push('src', 'dst', 'destination', 'ro', 'rw', 'readwrite', 'env');

/** A mount as asked for, its variables filled in. */
export interface MountRequest {
  readonly type: (typeof mountTypes)[number];
  /** '' is the build context, or nothing for what has no source. */
  readonly from: string;
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
  /** Bytes of a tmpfs; 0 is the kernel's default. */
  readonly size: number;
  readonly id: string;
  readonly sharing: CacheSharing | undefined;
  readonly required: boolean;
  /** A secret as a variable. */
  readonly env: string | undefined;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** The `from` of a mount option: all that has to be known of it before variables have values. */
export function mountFrom(option: string): string {
  let from = '';
  for (const field of fieldsOf(option)) {
    const [key, value] = cut(field);
    if (key.toLowerCase() !== 'from' || value === undefined) continue;
    const dollar = value.indexOf('$');
    if (dollar >= 0 && dollar !== value.length - 1) {
      throw mistake("'from' doesn't support variable expansion, define alias stage instead", { token: field });
    }
    from = value;
  }
  return from;
}

/** Reads a mount option. What a key means hangs on the type, so `type` comes first. */
export function readMount(option: string, expand: (word: string) => string): MountRequest {
  const mount: { -readonly [K in keyof MountRequest]: MountRequest[K] } = {
    type: 'bind',
    from: '',
    source: '',
    target: '',
    readonly: false,
    size: 0,
    id: '',
    sharing: undefined,
    required: false,
    env: undefined,
    mode: undefined,
    uid: undefined,
    gid: undefined,
  };
  let access: boolean | undefined;
  for (const field of fieldsOf(option)) {
    const [written, raw] = cut(field);
    const key = written.toLowerCase();
    const misplaced = () => mistake(`unexpected key '${key}' for mount type '${mount.type}'`, { token: field });
    if (raw === undefined && !['readonly', 'ro', 'readwrite', 'rw', 'required'].includes(key)) {
      throw mistake(`invalid field '${field}' must be a key=value pair`, { token: field });
    }
    const value = raw === undefined ? 'true' : expand(raw);
    const yes = () => {
      const parsed = parseGoBool(value);
      if (parsed === undefined)
        throw mistake(`invalid value for ${key}: ${value} (write true or false)`, { token: field });
      return parsed;
    };
    switch (key) {
      case 'type': {
        const type = mountTypes.find((known) => known === value.toLowerCase());
        if (!type)
          throw mistake(`unsupported mount type "${value}"`, {
            token: field,
            nearTo: { word: value, candidates: mountTypes },
          });
        mount.type = type;
        break;
      }
      case 'from':
        mount.from = value;
        break;
      case 'source':
      case 'src':
        mount.source = value;
        break;
      case 'target':
      case 'dst':
      case 'destination':
        mount.target = value;
        break;
      case 'readonly':
      case 'ro':
        access = yes();
        break;
      case 'readwrite':
      case 'rw':
        access = !yes();
        break;
      case 'required':
        if (mount.type !== 'secret' && mount.type !== 'ssh') throw misplaced();
        mount.required = yes();
        break;
      case 'size':
        if (mount.type !== 'tmpfs') throw misplaced();
        mount.size = bytes(value, field);
        break;
      case 'id':
        mount.id = value;
        break;
      case 'sharing': {
        const sharing = sharings.find((known) => known === value.toLowerCase());
        if (!sharing) {
          throw mistake(`unsupported sharing value "${value}"`, {
            token: field,
            nearTo: { word: value, candidates: sharings },
          });
        }
        mount.sharing = sharing;
        break;
      }
      case 'mode':
      case 'uid':
      case 'gid':
        mount[key] = number(key, value, field);
        break;
      case 'env':
        mount.env = value;
        break;
      default:
        throw mistake(`unexpected key '${key}' in '${field}'`, {
          token: written,
          nearTo: { word: key, candidates: mountKeys },
        });
    }
  }
  mount.readonly = access ?? (mount.type !== 'cache' && mount.type !== 'tmpfs');
  checkMount(mount);
  return mount;
}

/** Turns a request into the mount of a run. `source` is what its `from` names. */
export function convertMount(mount: MountRequest, stage: Stage, source: Stage | undefined): RunMount {
  if (mount.type === 'secret') return secretMount(mount, stage);
  if (mount.type === 'ssh') return sshMount(mount, stage);
  let from: State = source?.state ?? (mount.type === 'bind' ? stage.conversion.buildContext : scratch());
  if (source && !source.done) {
    throw mistake(
      `cannot mount from stage ${goQuote(mount.from)} to ${goQuote(mount.target)}, stage needs to be defined before current command`,
      { token: mount.from },
    );
  }
  const target = targetOf(mount, stage);
  let sourcePath = joinPath('/', mount.source);
  if (mount.type === 'tmpfs') from = scratch();
  const owned = mount.uid !== undefined || mount.gid !== undefined || mount.mode !== undefined;
  if (sourcePath === '/' && owned) {
    const { uid = 0, gid = 0, mode = 0o755 } = mount;
    from = from.file(mkdir('/cache', { mode, owner: { user: uid, group: gid } }), {
      customName: '[internal] setting cache mount permissions',
    });
    sourcePath = '/cache';
  }
  // A tmpfs counts as a reader of the context too: BuildKit's definitions have it so, and ours are theirs.
  if (source) source.paths.add(joinPath('/', mount.source));
  else if (mount.type !== 'cache') stage.contextPaths.add(joinPath('/', mount.source));
  if (mount.type === 'tmpfs') {
    return {
      kind: 'tmpfs',
      target,
      ...(mount.readonly && { readonly: true }),
      ...(mount.size > 0 && { size: mount.size }),
    };
  }
  const common = { target, from, ...(mount.readonly && { readonly: true }), ...(sourcePath !== '/' && { sourcePath }) };
  if (mount.type === 'bind') return { kind: 'bind', ...common, ...(!mount.readonly && { noOutput: true }) };
  const name = mount.id || cleanPath(mount.target);
  stage.asked.mount('cache', { id: name, required: false, range: stage.here });
  const id = `${stage.conversion.options.cacheNamespace}/${name}`;
  return { kind: 'cache', ...common, id, sharing: mount.sharing ?? 'shared' };
}

function checkMount(mount: MountRequest): void {
  const { type } = mount;
  if (type === 'bind' || type === 'tmpfs') {
    for (const key of ['mode', 'uid', 'gid'] as const) {
      if (mount[key] !== undefined) throw mistake(`${key} not allowed for "${type}" type mounts`, { token: key });
    }
  }
  if (type === 'secret') {
    if (mount.from !== '') throw mistake('secret mount should not have a from');
    if (mount.sharing) throw mistake('secret mount should not define sharing');
    if (mount.source === '' && mount.target === '' && mount.id === '') {
      throw mistake('invalid secret mount. one of source, target required');
    }
    if (mount.source !== '' && mount.id !== '') throw mistake("both source and id can't be set");
  }
  if (mount.sharing && type !== 'cache') throw mistake(`invalid cache sharing set for ${type} mount`);
}

function targetOf({ target }: MountRequest, stage: Stage): string {
  const place = cleanPath(target).startsWith('/') ? target : joinPath('/', stage.state.settings.dir, target);
  if (place === '/') {
    const why = target === '' ? ': target= says where to mount' : '';
    throw mistake(`invalid mount target ${goQuote(place)}${why}`, { token: target === '' ? '--mount' : target });
  }
  return place;
}

function secretMount(mount: MountRequest, stage: Stage): RunMount {
  const id = mount.source || mount.id || basePath(mount.target);
  stage.asked.mount('secret', { id, required: mount.required, range: stage.here });
  const target = mount.target || (mount.env === undefined ? `/run/secrets/${basePath(id)}` : undefined);
  return {
    kind: 'secret',
    id,
    ...(target !== undefined && { target }),
    ...(mount.env !== undefined && { env: mount.env }),
    ...(!mount.required && { optional: true }),
    ...lentFile(mount),
  };
}

function sshMount(mount: MountRequest, stage: Stage): RunMount {
  if (mount.source !== '') throw mistake('ssh does not support source', { token: mount.source });
  stage.asked.mount('ssh', { id: mount.id || 'default', required: mount.required, range: stage.here });
  return {
    kind: 'ssh',
    id: mount.id,
    ...(mount.target !== '' && { target: mount.target }),
    ...(!mount.required && { optional: true }),
    ...lentFile(mount),
  };
}

function lentFile({ uid, gid, mode }: MountRequest) {
  return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }), ...(mode !== undefined && { mode }) };
}

function number(key: 'mode' | 'uid' | 'gid', text: string, token: string): number {
  const digits = key === 'mode' ? /^[0-7]+$/ : /^\d+$/;
  const value = Number.parseInt(text, key === 'mode' ? 8 : 10);
  if (!digits.test(text) || value > 0xffffffff) throw mistake(`invalid value ${text} for ${key}`, { token });
  return value;
}

/** A size as docker's units read it: `64m`, `1.5GiB`, bytes where no unit is written. */
function bytes(text: string, token: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?|\.\d+) ?([kmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  if (digits === undefined) throw mistake(`invalid value for size: ${text}`, { token });
  const size = Math.trunc(Number(digits) * 1024 ** (unit === '' ? 0 : 'kmgtp'.indexOf(unit.toLowerCase()) + 1));
  if (!Number.isSafeInteger(size)) throw mistake(`invalid value for size: ${text}`, { token });
  return size;
}

function fieldsOf(option: string): readonly string[] {
  try {
    return splitCsv(option);
  } catch (error) {
    throw mistake(`failed to parse csv mounts: ${error instanceof Error ? error.message : String(error)}`, {
      token: option,
    });
  }
}

function cut(field: string): [string, string | undefined] {
  const at = field.indexOf('=');
  return at < 0 ? [field, undefined] : [field.slice(0, at), field.slice(at + 1)];
}
