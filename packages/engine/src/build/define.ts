import type { ImageMaterial } from '../attestation/capture.ts';
import type { CacheEntry, Defined, SolveRequest } from '../engine.ts';
import type { Bridge } from '../frontend/frontend.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { Work } from '../progress/work.ts';
import { frontendOf, openBridge } from './bridge.ts';
import type { Parts } from './parts.ts';

/** Turns a request into its definitions, image configs and inputs. */
export async function define(request: SolveRequest, parts: Parts, work: Work): Promise<Defined> {
  const { source, session } = request;
  if (source.kind === 'definition') {
    return { request, images: source.images, multiPlatform: source.images.length > 1, metadata: {} };
  }
  const frontend = await frontendOf(source.frontend, parts);
  const job = { signal: work.signal, report: (event: Parameters<Work['report']>[0]) => work.report(event), session };
  const lenders = new Map<Digest, SolveRequest>();
  const resolved: ImageMaterial[] = [];
  const input: Bridge['input'] = async (name, platform) => {
    const found = await source.input?.(name, platform);
    if (found?.of) {
      for (const bytes of found.definition.ops) {
        const digest = digestOf(bytes);
        lenders.set(digest, found.of.lenders?.get(digest) ?? found.of.request);
      }
    }
    return found;
  };
  const imports: CacheEntry[] = [];
  const imported = (cache: CacheEntry) => imports.push(cache);
  const bridge = openBridge(job, parts, {
    client: request,
    lenders,
    input,
    imported,
    resolved: (image) => resolved.push(image),
  });
  const { images, multiPlatform, metadata } = await frontend.solve(source.options, bridge, work);
  return {
    request,
    images,
    multiPlatform,
    metadata,
    resolved,
    ...(lenders.size > 0 && { lenders }),
    ...(imports.length > 0 && { imports }),
  };
}
