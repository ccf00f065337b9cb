import { hash } from 'node:crypto';
import { digestOf, Digester, type Digest } from '../oci/digest.ts';
import type { EntryType } from '../pool/layer-tar.ts';
import type { TarEntry } from '../pool/tar-reader.ts';
import { textOf } from '../std/byte-path.ts';

/** A file as images have it, times left out: they differ with every build and mean nothing. */
export interface FileFacts {
  readonly kind: Exclude<EntryType, 'link'>;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** In bytes; 0 for all but files. */
  readonly size: number;
  /** Of a file's content. */
  readonly content?: Digest;
  /** Where a symlink points. */
  readonly target?: string;
  /** Of a device. */
  readonly device?: readonly [major: number, minor: number];
  /** Digest of its extended attributes, where it has any. */
  readonly xattrs?: string;
}

/** What an archive's entry says; its content is read for it, and not kept. */
export async function factsOf(entry: TarEntry, kind: FileFacts['kind']): Promise<FileFacts> {
  const { mode, uid, gid, size, link, major, minor } = entry;
  const xattrs = Object.entries(entry.xattrs).sort();
  return {
    kind,
    mode,
    uid,
    gid,
    size: kind === 'file' ? size : 0,
    ...(kind === 'file' && { content: await contentOf(entry) }),
    ...(kind === 'symlink' && { target: textOf(link) }),
    ...((kind === 'character' || kind === 'block') && { device: [major, minor] }),
    ...(xattrs.length > 0 && { xattrs: hash('sha256', JSON.stringify(xattrs), 'hex').slice(0, 16) }),
  };
}

/** Which facts differ; none of the same. */
export function differingFacts(a: FileFacts, b: FileFacts): readonly (keyof FileFacts)[] {
  const keys = ['kind', 'mode', 'uid', 'gid', 'size', 'content', 'target', 'device', 'xattrs'] as const;
  return keys.filter((key) => String(a[key]) !== String(b[key]));
}

async function contentOf({ sparse, size, content }: TarEntry): Promise<Digest> {
  if (size === 0) return digestOf('');
  const digester = new Digester();
  let end = 0;
  for await (const { bytes, at } of content()) {
    // A hole may be larger than any disk: it counts by its length.
    if (sparse && at > end) digester.update(Buffer.from(`hole ${at - end}`));
    digester.update(bytes);
    end = at + bytes.length;
  }
  return digester.digest();
}
