import type { ImageMaterial } from '../attestation/capture.ts';
import type { CacheEntry, Defined, SolveRequest } from '../engine.ts';
import type { Bridge } from '../frontend/frontend.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { Work } from '../progress/work.ts';
import { frontendOf, openBridge } from './bridge.ts';
import { openCaches } from './caches.ts';
import type { Parts } from './parts.ts';
import { SharedExports } from './shared-exports.ts';

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
  await using opened = new AsyncDisposableStack();
  // What a frontend has brought about may be in the caches that the request imports.
  let store: Parts['store'] | undefined;
  const withCaches: Parts = {
    ...parts,
    get store() {
      return (store ??= importsOf(request, parts, job, opened));
    },
  };
  const bridge = openBridge(job, withCaches, {
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

function importsOf(request: SolveRequest, parts: Parts, work: Work, opened: AsyncDisposableStack): Parts['store'] {
  if (request.cacheFrom.length === 0) return parts.store;
  const caches = openCaches([{ ...request, cacheTo: [] }], parts, { work, shared: new SharedExports() });
  return caches ? opened.use(caches).store : parts.store;
}
