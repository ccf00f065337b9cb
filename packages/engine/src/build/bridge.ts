import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageMaterial } from '../attestation/capture.ts';
import type { CacheEntry } from '../engine.ts';
import type { Bridge, FrontendResult, ResolvedImage, ResolveImage } from '../frontend/frontend.ts';
import type { ProgramBridge } from '../frontend/program-bridge.ts';
import type { Definition } from '../llb/definition.ts';
import { loadDefinition } from '../llb/load.ts';
import type { Op } from '../llb/op.ts';
import type { SourceOp } from '../llb/source.ts';
import { digestOf } from '../oci/digest.ts';
import { parseReference } from '../oci/reference.ts';
import { pinSource } from '../ops/source.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import type { BuildFailure } from './failure.ts';
import { solveTree, type WantedDefinition } from './open-graph.ts';
import type { Parts } from './parts.ts';
import { maxFile } from './read-range.ts';
import { RefTree } from './readable-tree.ts';
import { shown } from './shown.ts';

/** How deep frontends may ask each other: one that asks itself would do so for ever. */
const deepest = 6;

/** Caches that lie on no machine of the client's. */
const ownCaches: ReadonlySet<string> = new Set(['registry']);

/** For whom questions are answered, and what was handed in with the request. */
export interface BridgeAbout extends Pick<WantedDefinition, 'client' | 'lenders'> {
  readonly input: Bridge['input'];
  /** Takes caches that a frontend imports beside the request's. */
  readonly imported: (cache: CacheEntry) => void;
  /** Takes the images that a frontend looked up. */
  readonly resolved: (image: ImageMaterial) => void;
}

/** What a frontend may ask during one build, answered by this engine. */
export function openBridge(job: Job, parts: Parts, about: BridgeAbout): ProgramBridge {
  const { client, lenders, input, imported, resolved } = about;
  const images = new Map<string, Promise<ResolvedImage>>();
  const shared: Omit<ProgramBridge, 'input' | 'inputNames' | 'forward'> = {
    sessionId: job.session.id,
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
    async changedAt(definition) {
      const op = headOp(definition);
      return op?.kind === 'source' ? (await pin(op)).changedAt?.(job) : undefined;
    },
    solve: async (definition) => new RefTree(await solve(definition), job),
    async pin(op) {
      const pinned = await pin(op);
      return { pin: pinned.pin, changedAt: await pinned.changedAt?.(job) };
    },
    async openContainer(request) {
      const { openContainer } = await import('./held-container.ts');
      return openContainer(request, { parts, job, granted: client.entitlements });
    },
    importCaches(entries) {
      for (const { type, attrs } of entries) {
        if (!ownCaches.has(type)) {
          const message = `a frontend may not import a cache of type ${type}: only who asks for the build names those`;
          throw new Failed<BuildFailure>({ kind: 'frontend-refused', message });
        }
        imported({ type, attrs: Object.fromEntries(attrs) });
      }
    },
    looksElsewhere: () => parts.lookedAt.elsewhere(),
  };
  return bridgeFor({ input, inputNames: [], depth: 0 });

  /** The bridge of one frontend, which knows inputs of its own. */
  function bridgeFor(own: Pick<ProgramBridge, 'input' | 'inputNames'> & { readonly depth: number }): ProgramBridge {
    return {
      ...shared,
      ...own,
      async forward(name, options, inputs = new Map()): Promise<FrontendResult> {
        if (own.depth === deepest) {
          const message = `frontends ask each other more than ${deepest} deep: does ${name} ask itself?`;
          throw new Failed<BuildFailure>({ kind: 'frontend-circle', message });
        }
        const frontend = await frontendOf(name, parts);
        const bridge = bridgeFor({
          input: async (key, platform) => {
            const definition = inputs.get(key);
            return definition ? { definition } : own.input(key, platform);
          },
          inputNames: [...own.inputNames, ...inputs.keys()],
          depth: own.depth + 1,
        });
        return frontend.solve(options, bridge, job);
      },
    };
  }

  function solve(definition: Definition) {
    return solveTree({ definition, client, lenders }, parts, job);
  }

  function pin(op: SourceOp) {
    return pinSource(op, digestOf(op.identifier), parts, job);
  }

  function resolve(reference: string, options: ResolveImage): Promise<ResolvedImage> {
    return shown(options.logName, job, async () => {
      const { platform, mode, layout } = options;
      const resolver = await parts.images(layout === undefined ? 'registry' : 'layout');
      // A layout is asked by the name under which the session lends it.
      const asked = layout === undefined ? reference : `${layout}@${parseReference(reference).digest}`;
      const image = await resolver.resolve(asked, { platform, mode }, job);
      const { digest } = image;
      if (digest) resolved({ kind: 'image', reference, platform, digest, local: layout !== undefined });
      return image;
    });
  }

  async function inTree<T>(definition: Definition, path: string, read: (path: string) => T): Promise<T | undefined> {
    const folder = lentFolder(definition);
    if (folder !== undefined) {
      parts.lookedAt.path(join(folder, join('/', path)));
      return readInside(folder, path, read);
    }
    await using tree = await solve(definition);
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

/** Throws `frontend-unknown`. */
export async function frontendOf(name: string, parts: Pick<Parts, 'frontend'>) {
  const frontend = await parts.frontend(name);
  if (frontend) return frontend;
  const message = `there is no frontend ${JSON.stringify(name)}: use dockerfile.v0, or gateway.v0 with a source`;
  throw new Failed<BuildFailure>({ kind: 'frontend-unknown', frontend: name, message });
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
