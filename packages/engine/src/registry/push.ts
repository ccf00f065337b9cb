import { Failed } from '../std/failed.ts';
import { Semaphore } from '../std/semaphore.ts';
import { collect } from '../std/collect.ts';
import { piecesOf } from '../std/pieces.ts';
import type { Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isIndex, isManifest } from '../oci/media-type.ts';
import type { Provider } from '../content/store.ts';
import { manifestLimit, pullScope } from './pull.ts';
import type { Remote } from './remote.ts';

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

/** Pushes a graph of content, children first, so that a manifest never names what is not there. */
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
    } else {
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
  const response = await remote.request({
    method: 'PUT',
    to: `${path}/manifests/${isRoot && tag !== undefined ? tag : descriptor.digest}`,
    headers: { 'content-type': descriptor.mediaType },
    body: () => bytes,
    scopes: [pushScope(path)],
    accept: [200, 201, 202],
    signal,
  });
  await response.discard();
  const said = response.headers['docker-content-digest'];
  if (said !== undefined && said !== descriptor.digest) {
    throw remote.lies(`digest ${said} for the manifest ${descriptor.digest} that was pushed`);
  }
}

async function pushBlob(remote: Remote, request: PushRequest, descriptor: Descriptor): Promise<void> {
  const { path, signal } = request;
  const head = await remote.request({
    method: 'HEAD',
    to: `${path}/blobs/${descriptor.digest}`,
    scopes: [pushScope(path)],
    accept: [200, 404],
    signal,
  });
  await head.discard();
  if (head.status === 200) return;
  const location = await startUpload(remote, request, descriptor);
  if (location === 'mounted') return;
  const { chunkSize } = remote.endpoint;
  if (chunkSize !== undefined && descriptor.size > chunkSize)
    await uploadChunks(remote, request, { descriptor, location, chunkSize });
  else await uploadWhole(remote, request, { descriptor, location });
}

/** Where to upload to; `mounted` if the registry took the blob over from another repository. */
async function startUpload(remote: Remote, request: PushRequest, descriptor: Descriptor): Promise<string> {
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
    if (response) return uploadLocation(remote, response.headers['location'], signal);
  }
  const response = await remote.request({
    method: 'POST',
    to: `${path}/blobs/uploads/`,
    scopes: [pushScope(path)],
    accept: [201, 202],
    signal,
  });
  await response.discard();
  return uploadLocation(remote, response.headers['location'], signal);
}

interface Upload {
  readonly descriptor: Descriptor;
  readonly location: string;
}

async function uploadWhole(remote: Remote, request: PushRequest, upload: Upload): Promise<void> {
  const { descriptor } = upload;
  let { location } = upload;
  // An upload session that a broken try used up is unknown to the next one; then it takes a new session.
  for (const lost of [[404, 416], []]) {
    const response = await remote.request({
      method: 'PUT',
      to: withDigest(location, descriptor.digest),
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(descriptor.size) },
      body: () => counted(request, descriptor),
      scopes: [pushScope(request.path)],
      accept: [201, 204, ...lost],
      signal: request.signal,
    });
    await response.discard();
    if (response.status < 300) return;
    location = await startUpload(remote, { ...request, sources: () => [] }, descriptor);
  }
}

async function uploadChunks(
  remote: Remote,
  request: PushRequest,
  upload: Upload & { readonly chunkSize: number },
): Promise<void> {
  const { descriptor, chunkSize } = upload;
  const { path, signal } = request;
  const scopes = [pushScope(path)];
  let { location } = upload;
  let offset = 0;
  for await (const chunk of piecesOf(request.provider.open(descriptor, { signal }), chunkSize)) {
    const response = await remote.request({
      method: 'PATCH',
      to: location,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(chunk.length),
        'content-range': `${offset}-${offset + chunk.length - 1}`,
      },
      body: () => chunk,
      scopes,
      accept: [202, 204],
      signal,
    });
    await response.discard();
    offset += chunk.length;
    request.progress?.(descriptor, offset);
    location = await uploadLocation(remote, response.headers['location'] ?? location, signal);
  }
  const response = await remote.request({
    method: 'PUT',
    to: withDigest(location, descriptor.digest),
    headers: { 'content-length': '0' },
    body: () => new Uint8Array(),
    scopes,
    accept: [201, 204],
    signal,
  });
  await response.discard();
}

async function* counted(request: PushRequest, descriptor: Descriptor): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const piece of request.provider.open(descriptor, { signal: request.signal })) {
    yield piece;
    request.progress?.(descriptor, (sent += piece.length));
  }
}

async function uploadLocation(remote: Remote, location: string | undefined, signal: AbortSignal): Promise<string> {
  if (location === undefined) throw remote.lies('no location to upload to');
  return remote.locate(location, signal);
}

function withDigest(location: string, digest: Digest): string {
  const url = new URL(location);
  url.searchParams.set('digest', digest);
  return url.href;
}

function pushScope(path: string): string {
  return `repository:${path}:pull,push`;
}
