import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageMaterial } from '../attestation/capture.ts';
import type { Bridge, ResolvedImage, ResolveImage } from '../frontend/frontend.ts';
import type { Definition } from '../llb/definition.ts';
import { loadDefinition } from '../llb/load.ts';
import { digestOf } from '../oci/digest.ts';
import { parseReference } from '../oci/reference.ts';
import type { Op } from '../llb/op.ts';
import { pinSource } from '../ops/source.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import type { BuildFailure } from './failure.ts';
import type { Parts } from './parts.ts';
import { shown } from './shown.ts';
import { solveTree } from './tree.ts';

/** The largest file a frontend may read: 16 MiB. */
const maxFile = 16 << 20;

/** What a frontend may ask during one build, answered by this engine. */
export function openBridge(
  job: Job,
  parts: Parts,
  { input, resolved }: Pick<Bridge, 'input'> & { readonly resolved?: (image: ImageMaterial) => void },
): Bridge {
  const images = new Map<string, Promise<ResolvedImage>>();
  return {
    resolveImage(reference, options) {
      const { os, architecture, variant } = options.platform;
      const key = JSON.stringify([reference, os, architecture, variant, options.mode, options.layout]);
      let image = images.get(key);
      if (!image) images.set(key, (image = resolve(reference, options)));
      return image;
    },
    readFile: (definition, path, { length } = {}) =>
      inTree(definition, path, (file) => {
        if (length !== undefined) return start(file, length);
        const { size } = statSync(file);
        if (size > maxFile) {
          const message = `${path} has ${size} bytes: a frontend reads at most ${maxFile}`;
          throw new Failed<BuildFailure>({ kind: 'file-too-large', path, message });
        }
        return new Uint8Array(readFileSync(file));
      }),
    readDir: (definition, path) => inTree(definition, path, (folder) => readdirSync(folder).sort()),
    input,
    async changedAt(definition) {
      const op = headOp(definition);
      if (op?.kind !== 'source') return undefined;
      const pinned = await pinSource(op, digestOf(definition.ops[0]!), parts, job);
      return pinned.changedAt?.(job);
    },
  };

  function resolve(reference: string, options: ResolveImage): Promise<ResolvedImage> {
    return shown(options.logName, job, async () => {
      const { platform, mode, layout } = options;
      const resolver = await parts.images(layout === undefined ? 'registry' : 'layout');
      // A layout is asked by the name under which the session lends it.
      const asked = layout === undefined ? reference : `${layout}@${parseReference(reference).digest}`;
      const image = await resolver.resolve(asked, { platform, mode }, job);
      const { digest } = image;
      if (digest) resolved?.({ kind: 'image', reference, platform, digest, local: layout !== undefined });
      return image;
    });
  }

  async function inTree<T>(definition: Definition, path: string, read: (path: string) => T): Promise<T | undefined> {
    const folder = lentFolder(definition);
    if (folder !== undefined) {
      parts.lookedAt.path(join(folder, join('/', path)));
      return readInside(folder, path, read);
    }
    await using tree = await solveTree(definition, parts, job);
    await using mounted = await tree.mount(job);
    return readInside(mounted.path, path, read);
  }

  /** The client's folder, where a definition is about nothing else: read where it is, not copied first. */
  function lentFolder(definition: Definition): string | undefined {
    const op = headOp(definition);
    if (op?.kind !== 'source' || !op.identifier.startsWith('local://')) return undefined;
    const name = op.identifier.slice('local://'.length);
    const folder = job.session.folder(name);
    if (folder) return folder.root;
    throw new Failed<BuildFailure>({
      kind: 'folder-missing',
      name,
      message: `the client lends no folder ${JSON.stringify(name)}`,
    });
  }
}

function headOp(definition: Definition): Op | undefined {
  const graph = loadDefinition(definition);
  return graph?.vertices.get(graph.head.digest)?.op;
}

function start(file: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const fd = openSync(file, 'r');
  try {
    return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
  } finally {
    closeSync(fd);
  }
}

/** Reads below `root`; what leads out of it through symlinks is not there. */
function readInside<T>(root: string, path: string, read: (path: string) => T): T | undefined {
  try {
    const real = realpathSync(join(root, join('/', path)));
    const base = realpathSync(root);
    if (real !== base && !real.startsWith(base === '/' ? base : `${base}/`)) return undefined;
    return read(real);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
