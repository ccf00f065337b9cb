import type { Defined, DefinedImage } from '../engine.ts';
import { loadDefinition } from '../llb/load.ts';
import { marshalOp } from '../llb/op.ts';
import type { SourceOp } from '../llb/source.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { pinSource } from '../ops/source.ts';
import type { Work } from '../progress/work.ts';
import type { Job } from '../session/job.ts';
import { goJson } from '../std/go-json.ts';
import type { Parts } from './parts.ts';

/**
 * What a request's images are made of, as one digest: their steps, the content of the folders and the images, commits
 * and downloads that they begin with, and their configs. Nothing is built. Equal on any machine and in any folder.
 */
export async function fingerprintOf(defined: Defined, parts: Parts, work: Work): Promise<Digest> {
  const images = defined.images.map(async (image) => ({
    platform: image.platform,
    root: await rootOf(image, defined, parts, work),
    config: image.config ?? null,
  }));
  return digestOf(goJson({ images: await Promise.all(images), multiPlatform: defined.multiPlatform }));
}

async function rootOf({ definition }: DefinedImage, defined: Defined, parts: Parts, work: Work): Promise<string> {
  const { request, lenders } = defined;
  const loaded = loadDefinition(definition);
  if (!loaded) return '';
  const known = new Map<Digest, Digest>();
  for (const [digest, { op }] of loaded.vertices) {
    if (op.kind === 'source') {
      const { session } = lenders?.get(digest) ?? request;
      const job = {
        signal: work.signal,
        report: (event: Parameters<Work['report']>[0]) => work.report(event),
        session,
      };
      known.set(digest, await sourceOf(op, digest, parts, job));
    } else {
      const inputs = op.inputs.map((input) => ({ ...input, digest: known.get(input.digest)! }));
      known.set(digest, marshalOp({ ...op, inputs }).digest);
    }
  }
  return `${known.get(loaded.head.digest)} ${loaded.head.index}`;
}

/** A source by what it names right now; where it is read from doesn't matter. */
async function sourceOf(op: SourceOp, vertex: Digest, parts: Parts, job: Job): Promise<Digest> {
  const scheme = op.identifier.slice(0, op.identifier.indexOf('://'));
  const platform = op.platform ?? null;
  const pinned = await pinSource(op, vertex, parts, job);
  if (scheme !== 'local') {
    const attrs = Object.fromEntries([...op.attrs].filter(([name]) => !name.startsWith('oci.')));
    return digestOf(goJson({ scheme, pin: pinned.pin, platform, attrs }));
  }
  await using tree = await pinned.tree(job);
  return digestOf(goJson({ scheme, content: await parts.contentHash.digest(tree, [], job) }));
}
