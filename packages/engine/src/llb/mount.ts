import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import { invalid, known } from './invalid.ts';

/** One mount of an exec, as its definition says. */
export type Mount = MountCommon & (BindMount | CacheMount | TmpfsMount | SecretMount | SshMount);

export interface MountCommon {
  /** Index into the op's inputs; -1 is an empty folder. */
  readonly input: number;
  /** Absolute path in the container. */
  readonly dest: string;
  /** Path inside the input that is mounted; '' is all of it. */
  readonly selector: string;
  /** Which output of the op this mount becomes; -1 is none. Means nothing for secrets and sockets, where it is 0. */
  readonly output: number;
  readonly readonly: boolean;
  readonly contentCache: ContentCache;
  /** Only in containers of a gateway: the result that is mounted. */
  readonly resultId: string;
}

export interface BindMount {
  readonly kind: 'bind';
}

/** A folder that outlives the build. */
export interface CacheMount {
  readonly kind: 'cache';
  readonly id: string;
  readonly sharing: CacheSharing;
}

export interface TmpfsMount {
  readonly kind: 'tmpfs';
  /** In bytes; 0 is the kernel's default. */
  readonly size: number;
}

export interface SecretMount extends LentFile {
  readonly kind: 'secret';
}

export interface SshMount extends LentFile {
  readonly kind: 'ssh';
}

interface LentFile {
  readonly id: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

const kinds = ['bind', 'secret', 'ssh', 'cache', 'tmpfs'] as const;
const sharings = ['shared', 'private', 'locked'] as const;
const contentCaches = ['default', 'on', 'off'] as const;

/** `shared`: any number of writers; `private`: a new folder for a second writer; `locked`: a second writer waits. */
export type CacheSharing = (typeof sharings)[number];
/** Whether the mount counts by its content; `default` where that is safe and cheap. */
export type ContentCache = (typeof contentCaches)[number];

/** As protobuf's enums number them. */
export function mountTypeNumber(kind: Mount['kind']): number {
  return kinds.indexOf(kind);
}

export function sharingNumber(sharing: CacheSharing): number {
  return sharings.indexOf(sharing);
}

export function contentCacheNumber(contentCache: ContentCache): number {
  return contentCaches.indexOf(contentCache);
}

export function encodeMount(writer: Writer, mount: Mount): void {
  writer.int(1, mount.input);
  writer.string(2, mount.selector);
  writer.string(3, mount.dest);
  writer.int(4, mount.output);
  writer.bool(5, mount.readonly);
  writer.int(6, mountTypeNumber(mount.kind));
  switch (mount.kind) {
    case 'bind':
      break;
    case 'tmpfs':
      writer.message(19, mount, encodeTmpfs);
      break;
    case 'cache':
      writer.message(20, mount, encodeCache);
      break;
    case 'secret':
      writer.message(21, mount, encodeLent);
      break;
    case 'ssh':
      writer.message(22, mount, encodeLent);
      break;
  }
  writer.string(23, mount.resultId);
  writer.int(24, contentCacheNumber(mount.contentCache));
}

export function decodeMount(reader: Reader): Mount {
  let [input, output, readonly] = [0, 0, false];
  let [dest, selector, resultId] = ['', '', ''];
  let kind: Mount['kind'] = 'bind';
  let contentCache: ContentCache = 'default';
  let size = 0;
  let cache: Omit<CacheMount, 'kind'> | undefined;
  let secret: LentFile | undefined;
  let ssh: LentFile | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        input = reader.int64();
        break;
      case 2:
        selector = reader.string();
        break;
      case 3:
        dest = reader.string();
        break;
      case 4:
        output = reader.int64();
        break;
      case 5:
        readonly = reader.bool();
        break;
      case 6:
        kind = known(kinds, reader.int32(), 'mount type');
        break;
      case 19:
        size = reader.message(decodeTmpfs);
        break;
      case 20:
        cache = reader.message(decodeCache);
        break;
      case 21:
        secret = reader.message(decodeLent);
        break;
      case 22:
        ssh = reader.message(decodeLent);
        break;
      case 23:
        resultId = reader.string();
        break;
      case 24:
        contentCache = known(contentCaches, reader.int32(), 'content cache mode');
        break;
    }
  }
  const common = { input, dest, selector, output, readonly, contentCache, resultId };
  const missing = () => invalid(`the ${kind} mount at ${JSON.stringify(dest)} lacks its options`);
  switch (kind) {
    case 'bind':
      return { ...common, kind };
    case 'tmpfs':
      return { ...common, kind, size };
    case 'cache':
      if (!cache) throw missing();
      return { ...common, kind, ...cache };
    case 'secret':
      if (!secret) throw missing();
      return { ...common, kind, ...secret };
    case 'ssh':
      if (!ssh) throw missing();
      return { ...common, kind, ...ssh };
  }
}

function encodeTmpfs(writer: Writer, { size }: TmpfsMount): void {
  writer.int(1, size);
}

function decodeTmpfs(reader: Reader): number {
  let size = 0;
  while (reader.next()) if (reader.field === 1) size = reader.int64();
  return size;
}

function encodeCache(writer: Writer, { id, sharing }: CacheMount): void {
  writer.string(1, id);
  writer.int(2, sharingNumber(sharing));
}

function decodeCache(reader: Reader): Omit<CacheMount, 'kind'> {
  let id = '';
  let sharing: CacheSharing = 'shared';
  while (reader.next()) {
    if (reader.field === 1) id = reader.string();
    else if (reader.field === 2) sharing = known(sharings, reader.int32(), 'cache sharing');
  }
  return { id, sharing };
}

function encodeLent(writer: Writer, { id, uid, gid, mode, optional }: LentFile): void {
  writer.string(1, id);
  writer.int(2, uid);
  writer.int(3, gid);
  writer.int(4, mode);
  writer.bool(5, optional);
}

function decodeLent(reader: Reader): LentFile {
  let [id, uid, gid, mode, optional] = ['', 0, 0, 0, false];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        id = reader.string();
        break;
      case 2:
        uid = reader.uint32();
        break;
      case 3:
        gid = reader.uint32();
        break;
      case 4:
        mode = reader.uint32();
        break;
      case 5:
        optional = reader.bool();
        break;
    }
  }
  return { id, uid, gid, mode, optional };
}
