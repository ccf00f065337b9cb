import { gzipSync } from 'node:zlib';
import type { ImmutableRef, LayerBlob } from '../../packages/engine/src/cache/ref.ts';
import { digestOf, type Digest } from '../../packages/engine/src/oci/digest.ts';
import { layerMediaType } from '../../packages/engine/src/oci/media-type.ts';
import { encodeHeader, endOfArchive, padding } from '../../packages/engine/src/pool/layer-tar.ts';

/** A layer as a tar of files by name; a name that ends in a slash is a folder, bytes make a program. */
export function layerTar(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const pieces = Object.entries(files).flatMap(([name, content]) => {
    const data = Buffer.from(content as string);
    const type = name.endsWith('/') ? ('folder' as const) : ('file' as const);
    const mode = type === 'folder' || typeof content !== 'string' ? 0o755 : 0o644;
    return [
      encodeHeader({ type, name, mode, uid: 0, gid: 0, size: data.length, mtime: 0 }),
      data,
      padding(data.length),
    ];
  });
  return Buffer.concat([...pieces, endOfArchive]);
}

/** A ref without a cache behind it: its layers are these tars, its tree is the folder `path`. */
export function fakeRef(
  layers: readonly { readonly tar: Buffer; readonly description?: string }[],
  { path = '/nonexistent' }: { readonly path?: string } = {},
): ImmutableRef & { readonly asked: Parameters<ImmutableRef['blobs']>[0][] } {
  const asked: Parameters<ImmutableRef['blobs']>[0][] = [];
  const ref = {
    id: digestOf(Buffer.concat(layers.map(({ tar }) => tar))),
    asked,
    chain: async () => [],
    view: async () => ({ kind: 'bind', path, readonly: true }) as const,
    mount: async () => ({ path, [Symbol.asyncDispose]: async () => {} }),
    blobs: async (options: Parameters<ImmutableRef['blobs']>[0]) => {
      asked.push(options);
      return layers.map(({ tar, description }): LayerBlob => {
        const compression = options.compression === 'zstd' ? 'uncompressed' : options.compression;
        const bytes = compression === 'gzip' ? gzipSync(tar) : tar;
        return {
          descriptor: {
            mediaType: layerMediaType(compression),
            digest: digestOf(bytes),
            size: bytes.length,
            annotations: { 'containerd.io/uncompressed': digestOf(tar) },
          },
          diffId: digestOf(tar),
          compression,
          provider: {
            async *open({ digest }: { readonly digest: Digest }) {
              if (digest !== digestOf(bytes)) throw new Error(`not mine: ${digest}`);
              yield bytes;
            },
          },
          ...(description !== undefined && { description }),
        };
      });
    },
    clone: () => ref,
    [Symbol.asyncDispose]: async () => {},
  };
  return ref as ImmutableRef & { readonly asked: Parameters<ImmutableRef['blobs']>[0][] };
}
