import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { isIndex, isManifest } from '../oci/media-type.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import { Semaphore } from '../std/semaphore.ts';
import { manifestLimit, pullScope } from './pull.ts';
import { putManifest } from './put-manifest.ts';
import { addReferrer } from './referrers.ts';
import type { Remote } from './remote.ts';
import { hasBlob, openedUpload, pushScope, uploadBlob, type UploadSession } from './upload.ts';

export interface PushRequest {
  /** Repository to push to. */
  readonly path: string;
  /** Tag to give the root; without one it is there by its digest alone. */
  readonly tag?: string;
  readonly root: Descriptor;
  /** What a manifest, index or blob leads to: nothing for a blob. */
  readonly children: (descriptor: Descriptor) => Promise<readonly Descriptor[]>;
  readonly provider: Provider;
  /** Repositories of the same registry that may have a blob already, for mounting. */
  readonly sources?: (digest: Digest) => readonly string[];
  readonly signal: AbortSignal;
  /** Told how much of a blob went out. */
  readonly progress?: (descriptor: Descriptor, sent: number) => void;
}

/**
 * Pushes a graph of content, children first, so that a manifest never names what is not there. Layers that may not be
 * distributed stay away.
 */
export async function pushGraph(remote: Remote, request: PushRequest): Promise<void> {
  const permits = new Semaphore(4);
  const flights = new Map<Digest, Promise<void>>();
  const failed = new AbortController();
  const signal = AbortSignal.any([request.signal, failed.signal]);
  const pushed = (descriptor: Descriptor): Promise<void> => {
    let flight = flights.get(descriptor.digest);
    if (!flight) flights.set(descriptor.digest, (flight = pushNode(descriptor)));
    return flight;
  };
  const pushNode = async (descriptor: Descriptor): Promise<void> => {
    if (isManifest(descriptor.mediaType) || isIndex(descriptor.mediaType)) {
      await Promise.all((await request.children(descriptor)).map(pushed));
      await pushManifest(remote, { ...request, signal }, descriptor);
    } else if (!/\.(?:nondistributable|foreign)\./.test(descriptor.mediaType)) {
      using _permit = await permits.acquire({ signal });
      await pushBlob(remote, { ...request, signal }, descriptor);
    }
  };
  try {
    await pushed(request.root);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(flights.values());
    throw request.signal.aborted ? request.signal.reason : error;
  }
}

async function pushManifest(remote: Remote, request: PushRequest, descriptor: Descriptor): Promise<void> {
  const { path, tag, root, provider, signal } = request;
  const isRoot = descriptor.digest === root.digest;
  const bytes = await collect(provider.open(descriptor, { signal }), manifestLimit);
  const manifest = { path, name: (isRoot && tag) || descriptor.digest, descriptor, bytes, signal };
  const { subjectKnown } = await putManifest(remote, manifest);
  if (!subjectKnown) await addReferrer(remote, manifest);
}

async function pushBlob(remote: Remote, request: PushRequest, descriptor: Descriptor): Promise<void> {
  const { path, provider, signal, progress } = request;
  if (await hasBlob(remote, { path, descriptor, signal })) return;
  const session = await mount(remote, request, descriptor);
  if (session === 'mounted') return;
  await uploadBlob(remote, {
    path,
    descriptor,
    provider,
    signal,
    ...(session && { session }),
    ...(progress && { progress }),
  });
}

/** Takes the blob over from another repository; where that can't be, the upload that the registry began instead. */
async function mount(
  remote: Remote,
  request: PushRequest,
  descriptor: Descriptor,
): Promise<UploadSession | 'mounted' | undefined> {
  const { path, signal } = request;
  for (const from of request.sources?.(descriptor.digest) ?? []) {
    if (from === path) continue;
    const query = new URLSearchParams({ mount: descriptor.digest, from });
    const response = await remote
      .request({
        method: 'POST',
        to: `${path}/blobs/uploads/?${query}`,
        scopes: [pushScope(path), pullScope(from)],
        accept: [201, 202],
        signal,
      })
      .catch((error: unknown) => {
        // Whoever may not read the other repository can still upload.
        if (error instanceof Failed && error.failure.kind === 'registry-denied') return undefined;
        throw error;
      });
    await response?.discard();
    if (response?.status === 201) return 'mounted';
    if (response) return openedUpload(remote, response, signal);
  }
  return undefined;
}
