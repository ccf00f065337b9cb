import type { Descriptor } from '../oci/descriptor.ts';
import { encoded } from '../oci/digest.ts';
import { encodeHeader, endOfArchive, padding } from '../pool/layer-tar.ts';
import { bytePath } from '../std/byte-path.ts';
import type { Assembled } from './assemble.ts';

/** A file beside the blobs: `index.json`, `manifest.json`. */
export interface LayoutFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

/** An image's OCI layout as a tar whose bytes depend on the image alone: entries by name, no owners, no times. */
export async function* layoutTar(
  assembled: Assembled,
  files: readonly LayoutFile[],
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const folders = new Set(assembled.graph.map((descriptor) => folderOf(descriptor)));
  const entries: Entry[] = [
    { kind: 'folder', name: 'blobs/' },
    ...[...folders].map((name) => ({ kind: 'folder' as const, name })),
    ...assembled.graph.map((blob) => ({
      kind: 'blob' as const,
      name: `${folderOf(blob)}${encoded(blob.digest)}`,
      blob,
    })),
    ...files.map((file) => ({ kind: 'file' as const, ...file })),
  ];
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const size = entry.kind === 'blob' ? entry.blob.size : entry.kind === 'file' ? entry.bytes.length : 0;
    yield encodeHeader({
      type: entry.kind === 'folder' ? 'folder' : 'file',
      name: bytePath(entry.name),
      mode: entry.kind === 'folder' ? 0o755 : entry.kind === 'blob' ? 0o444 : entry.mode,
      uid: 0,
      gid: 0,
      size,
      mtime: 0,
    });
    if (entry.kind === 'blob') yield* assembled.open(entry.blob, { signal });
    else if (entry.kind === 'file') yield entry.bytes;
    yield padding(size);
  }
  yield endOfArchive;
}

type Entry =
  | { readonly kind: 'folder'; readonly name: string }
  | { readonly kind: 'blob'; readonly name: string; readonly blob: Descriptor }
  | ({ readonly kind: 'file' } & LayoutFile);

function folderOf({ digest }: Descriptor): string {
  return `blobs/${digest.slice(0, digest.indexOf(':'))}/`;
}
