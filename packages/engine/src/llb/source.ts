import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import type { OpCommon } from './op.ts';

/** Where a graph begins: an image, a repository, a download, a folder of the client. */
export interface SourceOp extends OpCommon {
  readonly kind: 'source';
  /** `scheme://rest`, e.g. `docker-image://docker.io/library/busybox:latest`. */
  readonly identifier: string;
  /** By BuildKit's names: `image.resolvemode`, `local.followpaths`, `git.checksum` … */
  readonly attrs: ReadonlyMap<string, string>;
}

export function encodeSource(writer: Writer, op: SourceOp): void {
  writer.string(1, op.identifier);
  writer.stringMap(2, op.attrs);
}

export function decodeSource(reader: Reader, common: OpCommon): SourceOp {
  let identifier = '';
  const attrs = new Map<string, string>();
  while (reader.next()) {
    if (reader.field === 1) identifier = reader.string();
    else if (reader.field === 2) reader.stringEntry(attrs);
  }
  return { ...common, kind: 'source', identifier, attrs };
}
