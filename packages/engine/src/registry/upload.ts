// Blobs on their way up: whole or in chunks, going on after a break where the registry is.

import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { Failed } from '../std/failed.ts';
import { piecesOf } from '../std/pieces.ts';
import type { Remote, RemoteRequest } from './remote.ts';
import { retrying, type Try } from './retry.ts';
import type { HttpResponse } from './transport.ts';

/** An upload that a registry has begun. */
export interface UploadSession {
  /** Whole URL to send to next; each answer gives a new one. */
  readonly location: string;
  /** Bytes that the registry has. */
  readonly offset: number;
  /** The fewest bytes that a chunk may have which isn't the last. */
  readonly chunkMinLength: number;
}

export interface UploadRequest {
  readonly path: string;
  readonly descriptor: Descriptor;
  readonly provider: Provider;
  /** Begun already. */
  readonly session?: UploadSession;
  readonly signal: AbortSignal;
  /** Told how much of the blob went out. */
  readonly progress?: (descriptor: Descriptor, sent: number) => void;
}

/** Uploads a blob. A try that breaks is gone on with; one that the registry refuses is begun anew. */
export async function uploadBlob(remote: Remote, request: UploadRequest): Promise<void> {
  const { signal } = request;
  let session = request.session;
  try {
    await retrying(
      async (n): Promise<Try<void>> => {
        if (n > 1 && session) session = await resumed(remote, request, session);
        // The answer to a try that did it may have been lost.
        if (n > 1 && !session && (await hasBlob(remote, request))) return { kind: 'done', value: undefined };
        session ??= await begin(remote, request);
        const outcome = await send(remote, request, session);
        session = outcome.session;
        return outcome.tried;
      },
      { policy: remote.retry, signal },
    );
  } catch (error) {
    if (session) await cancel(remote, request, session);
    throw error;
  }
}

/** How far one try came: `session` is what can be gone on with, if anything. */
interface Sent {
  readonly tried: Try<void>;
  readonly session?: UploadSession | undefined;
}

/** Sends what the registry lacks: in one request if it may be, else in chunks and a last word. */
async function send(remote: Remote, request: UploadRequest, session: UploadSession): Promise<Sent> {
  const { descriptor, provider, signal, progress } = request;
  const { size } = descriptor;
  const chunkSize = chunkSizeOf(remote, session);
  const rest = () => {
    const bytes = skipping(provider.open(descriptor, { signal }), session.offset);
    return counted(bytes, (sent) => progress?.(descriptor, session.offset + sent));
  };
  if (session.offset === 0 && size <= chunkSize) return close(remote, request, { session, body: rest, length: size });
  let at = session;
  const patch = async (body: RemoteRequest['body'] & {}, length: number): Promise<Sent | undefined> => {
    const outcome = await attempt(remote, request, at, {
      method: 'PATCH',
      to: at.location,
      headers: { ...octets(length), 'content-range': `${at.offset}-${at.offset + length - 1}` },
      body,
      accept: [202, 204],
    });
    if (outcome.kind !== 'done') return { tried: outcome, session: outcome.lost ? undefined : at };
    at = { ...at, ...(await next(remote, outcome.value, at, signal)), offset: at.offset + length };
    return undefined;
  };
  if (Number.isFinite(chunkSize)) {
    for await (const piece of piecesOf(rest(), chunkSize)) {
      const failed = await patch(() => piece, piece.length);
      if (failed) return failed;
    }
  } else if (at.offset < size) {
    const failed = await patch(rest, size - at.offset);
    if (failed) return failed;
  }
  return close(remote, request, { session: at, body: () => new Uint8Array(), length: 0 });
}

/** The last request of an upload, with the bytes that are left. */
async function close(
  remote: Remote,
  request: UploadRequest,
  rest: {
    readonly session: UploadSession;
    readonly body: RemoteRequest['body'] & {};
    readonly length: number;
  },
): Promise<Sent> {
  const { session, body, length } = rest;
  const outcome = await attempt(remote, request, session, {
    method: 'PUT',
    to: withDigest(session.location, request.descriptor.digest),
    headers: octets(length),
    body,
    accept: [201, 204],
  });
  if (outcome.kind === 'done') return { tried: { kind: 'done', value: undefined } };
  return { tried: outcome, session: outcome.lost ? undefined : session };
}

type Attempt =
  | { readonly kind: 'done'; readonly value: HttpResponse }
  /** `lost`: the registry knows nothing of this upload any more, or has something else of it than we think. */
  | { readonly kind: 'again'; readonly error: unknown; readonly after?: number; readonly lost: boolean };

async function attempt(
  remote: Remote,
  { path, signal }: UploadRequest,
  { offset }: UploadSession,
  asked: Omit<RemoteRequest, 'scopes' | 'signal'>,
): Promise<Attempt> {
  try {
    const outcome = await remote.attempt({ ...asked, scopes: [pushScope(path)], signal });
    if (outcome.kind === 'again') return { ...outcome, lost: false };
    await outcome.value.discard();
    return outcome;
  } catch (error) {
    const status = error instanceof Failed && 'status' in error.failure ? error.failure.status : undefined;
    // What was gone on with may not have been what we thought; what was sent whole is refused for good.
    if (status === 404 || status === 416 || (status === 400 && offset > 0)) return { kind: 'again', error, lost: true };
    throw error;
  }
}

/** Whether the repository has the blob. */
export async function hasBlob(
  remote: Remote,
  { path, descriptor, signal }: Pick<UploadRequest, 'path' | 'descriptor' | 'signal'>,
): Promise<boolean> {
  const response = await remote.request({
    method: 'HEAD',
    to: `${path}/blobs/${descriptor.digest}`,
    scopes: [pushScope(path)],
    accept: [200, 404],
    signal,
  });
  await response.discard();
  return response.status === 200;
}

async function begin(remote: Remote, { path, descriptor, signal }: UploadRequest): Promise<UploadSession> {
  const algorithm = descriptor.digest.slice(0, descriptor.digest.indexOf(':'));
  const response = await remote.request({
    method: 'POST',
    to: `${path}/blobs/uploads/${algorithm === 'sha256' ? '' : `?digest-algorithm=${algorithm}`}`,
    headers: { 'content-length': '0' },
    scopes: [pushScope(path)],
    accept: [201, 202],
    signal,
  });
  await response.discard();
  return openedUpload(remote, response, signal);
}

/** The upload that an answer tells of. */
export async function openedUpload(
  remote: Remote,
  { headers }: HttpResponse,
  signal: AbortSignal,
): Promise<UploadSession> {
  const { location } = headers;
  if (location === undefined) throw remote.lies('no location to upload to');
  const least = Number(headers['oci-chunk-min-length'] ?? 0);
  return {
    location: await remote.locate(location, signal),
    offset: 0,
    chunkMinLength: Number.isSafeInteger(least) ? least : 0,
  };
}

/** Where the registry is with an upload that broke; undefined if it does not know. */
async function resumed(
  remote: Remote,
  { path, descriptor, signal }: UploadRequest,
  session: UploadSession,
): Promise<UploadSession | undefined> {
  const response = await remote.request({
    method: 'GET',
    to: session.location,
    scopes: [pushScope(path)],
    accept: [200, 204, 400, 404, 405],
    signal,
  });
  await response.discard();
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers['range'] ?? '')?.[1];
  if (response.status > 204 || last === undefined) return undefined;
  // `0-0` is said of nothing and of one byte alike; nothing is right more often, and a wrong guess is refused.
  const offset = last === '0' ? 0 : Number(last) + 1;
  if (offset > descriptor.size) return undefined;
  return { ...session, ...(await next(remote, response, session, signal)), offset };
}

async function next(
  remote: Remote,
  { headers }: HttpResponse,
  { location }: UploadSession,
  signal: AbortSignal,
): Promise<Pick<UploadSession, 'location'>> {
  return { location: await remote.locate(headers['location'] ?? location, signal) };
}

/** Lets the registry throw away what it has; that it can't be told does no harm. */
async function cancel(remote: Remote, { path }: UploadRequest, { location }: UploadSession): Promise<void> {
  const signal = AbortSignal.timeout(2000);
  await remote
    .attempt({ method: 'DELETE', to: location, scopes: [pushScope(path)], accept: [200, 202, 204, 404, 405], signal })
    .then((outcome) => (outcome.kind === 'done' ? outcome.value.discard() : undefined))
    .catch(() => undefined);
}

/** As configured, and not less than the registry asks for. */
function chunkSizeOf({ endpoint }: Remote, { chunkMinLength }: UploadSession): number {
  return endpoint.chunkSize === undefined ? Infinity : Math.max(endpoint.chunkSize, chunkMinLength);
}

function octets(length: number): Record<string, string> {
  return { 'content-type': 'application/octet-stream', 'content-length': String(length) };
}

async function* skipping(bytes: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const piece of bytes) {
    if (piece.length > left) yield left > 0 ? piece.subarray(left) : piece;
    left = Math.max(0, left - piece.length);
  }
}

async function* counted(bytes: AsyncIterable<Uint8Array>, told: (sent: number) => void): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const piece of bytes) {
    yield piece;
    told((sent += piece.length));
  }
}

/** A location is the registry's own text and may be signed: the digest is added, the rest stays as it is. */
function withDigest(location: string, digest: Digest): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
}

export function pushScope(path: string): string {
  return `repository:${path}:pull,push`;
}
