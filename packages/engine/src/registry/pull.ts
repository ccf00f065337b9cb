import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { Digester, digestOf, encoded, isDigest, type Digest } from '../oci/digest.ts';
import { isIndex, isManifest, mediaTypes } from '../oci/media-type.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import type { RegistryFailure } from './failure.ts';
import { reason, type Remote } from './remote.ts';
import { wait } from './retry.ts';
import { isBrokenConnection, type HttpResponse } from './transport.ts';

/** No manifest is larger (as containerd). */
export const manifestLimit = 8 * 1024 * 1024;

const acceptManifests = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerIndex,
  mediaTypes.dockerManifest,
  '*/*',
].join(', ');

/** What a repository's tag (or digest) names right now, or undefined if there is no such thing. */
export async function resolveManifest(
  remote: Remote,
  target: { readonly path: string; readonly wanted: string; readonly signal: AbortSignal },
): Promise<Descriptor | undefined> {
  const { path, wanted, signal } = target;
  const request = {
    to: `${path}/manifests/${wanted}`,
    headers: { accept: acceptManifests },
    scopes: [pullScope(path)],
    signal,
  };
  const head = await remote.request({ ...request, method: 'HEAD', accept: [200, 404, 405] });
  await head.discard();
  const told = head.status === 200 ? descriptorOf(head, wanted) : undefined;
  if (told) return told;
  // Some registries answer HEAD with 404, without the headers, or as if it were any file; what GET says counts.
  const got = await remote.request({ ...request, method: 'GET', accept: [200, 404] });
  if (got.status === 404) {
    await got.discard();
    return undefined;
  }
  const bytes = await readManifest(got, remote);
  const digest = isDigest(wanted) ? wanted : digestOf(bytes);
  checkDigest(remote, digest, bytes);
  return { mediaType: mediaTypeOf(remote, got, bytes), digest, size: bytes.length };
}

/** A manifest's or index's bytes, checked against its digest. */
export async function fetchManifest(
  remote: Remote,
  target: { readonly path: string; readonly digest: Digest; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const { path, digest, signal } = target;
  const response = await remote.request({
    method: 'GET',
    to: `${path}/manifests/${digest}`,
    headers: { accept: acceptManifests },
    scopes: [pullScope(path)],
    accept: [200, 404],
    signal,
  });
  if (response.status === 404) {
    await response.discard();
    throw notFound(remote, `${path}@${digest}`);
  }
  const bytes = await readManifest(response, remote);
  checkDigest(remote, digest, bytes);
  mediaTypeOf(remote, response, bytes);
  return bytes;
}

function checkDigest(remote: Remote, digest: Digest, bytes: Uint8Array): void {
  const actual = digesterOf(digest).update(bytes).digest();
  if (actual !== digest) throw mismatch(remote, digest, actual);
}

function digesterOf(digest: Digest): Digester {
  return new Digester(digest.startsWith('sha512:') ? 'sha512' : 'sha256');
}

/** A repository's blobs. A stream that breaks off goes on where it was. */
export function blobProvider(remote: Remote, path: string): Provider {
  return {
    open: (descriptor, options) =>
      streamBlob(remote, { path, descriptor, signal: options?.signal ?? new AbortController().signal }),
  };
}

/** A try that brought so many bytes was no failed one. */
const enough = 1024 * 1024;

async function* streamBlob(
  remote: Remote,
  target: {
    readonly path: string;
    readonly descriptor: Pick<Descriptor, 'digest' | 'size'>;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Uint8Array> {
  const { path, descriptor, signal } = target;
  const { digest, size } = descriptor;
  const digester = digesterOf(digest);
  for (let breaks = 1; digester.size < size || breaks === 1; breaks++) {
    const from = digester.size;
    const response = await remote.request({
      method: 'GET',
      to: `${path}/blobs/${digest}`,
      headers: digester.size > 0 ? { range: `bytes=${digester.size}-` } : {},
      scopes: [pullScope(path)],
      accept: [200, 206, 404],
      signal,
    });
    if (response.status === 404) {
      await response.discard();
      throw notFound(remote, `${path}@${digest}`);
    }
    const told = response.status === 200 ? response.headers['content-length'] : undefined;
    if (told !== undefined && Number(told) !== size) {
      await response.discard();
      throw mismatch(remote, digest, `${told} bytes instead of ${size}`);
    }
    try {
      for await (const piece of fromOffset(response, digester.size)) {
        if (digester.size + piece.length > size) throw mismatch(remote, digest, `more than ${size} bytes`);
        digester.update(piece);
        yield piece;
      }
      break;
    } catch (error) {
      if (signal.aborted || error instanceof Failed || !isBrokenConnection(error)) throw error;
      // A long download over a bad line may break often, as long as it gets ahead.
      if (digester.size - from >= enough) breaks = 1;
      if (breaks >= remote.retry.tries) throw brokenOff(remote, error);
      await (remote.retry.wait ?? wait)(remote.retry.delay(breaks + 1), signal);
    }
  }
  const actual = digester.digest();
  if (digester.size !== size) throw mismatch(remote, digest, `${digester.size} bytes instead of ${size}`);
  if (actual !== digest) throw mismatch(remote, digest, actual);
}

/** The bytes from `offset` on, also of a server that ignores ranges and starts over. */
async function* fromOffset(response: HttpResponse, offset: number): AsyncGenerator<Uint8Array> {
  const range = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '');
  let skip = response.status === 206 && range ? offset - Number(range[1]) : offset;
  for await (const piece of response.body) {
    if (skip >= piece.length) skip -= piece.length;
    else {
      yield skip > 0 ? piece.subarray(skip) : piece;
      skip = 0;
    }
  }
}

async function readManifest(response: HttpResponse, remote: Remote): Promise<Uint8Array> {
  try {
    return await collect(response.body, manifestLimit);
  } catch (error) {
    if (error instanceof RangeError) throw remote.lies(`a manifest of more than ${manifestLimit} bytes`);
    if (isBrokenConnection(error)) throw brokenOff(remote, error);
    throw error;
  }
}

function descriptorOf({ headers }: HttpResponse, wanted: string): Descriptor | undefined {
  const digest = headers['docker-content-digest'];
  const size = Number(headers['content-length']);
  const mediaType = headers['content-type']?.replace(/;.*$/, '').trim();
  if (digest === undefined || !isDigest(digest) || !Number.isSafeInteger(size) || size <= 0) return undefined;
  if (!mediaType || !(isIndex(mediaType) || isManifest(mediaType))) return undefined;
  if (isDigest(wanted) && wanted !== digest) return undefined;
  return { mediaType, digest, size };
}

/**
 * What the manifest says itself is under its digest; the header is not, and must not make something else of it. Headers
 * that name no kind of manifest are those of servers that only know files.
 */
function mediaTypeOf(remote: Remote, { headers }: HttpResponse, bytes: Uint8Array): string {
  const told = headers['content-type']?.replace(/;.*$/, '').trim();
  let own: unknown;
  try {
    own = (JSON.parse(Buffer.from(bytes).toString()) as { mediaType?: unknown } | null)?.mediaType;
  } catch {
    // Whoever reads the manifest will say that it is no JSON.
  }
  if (typeof own !== 'string' || own === '') return told || mediaTypes.ociManifest;
  if (told !== own && told && (isIndex(told) || isManifest(told))) {
    throw remote.lies(`a manifest of type ${own} that it calls ${told}`);
  }
  return own;
}

export function pullScope(path: string): string {
  return `repository:${path}:pull`;
}

/** A digest shortened for people. */
function short(digest: string): string {
  return digest.includes(':') ? `sha256:${encoded(digest as Digest).slice(0, 12)}…` : digest;
}

function mismatch(remote: Remote, expected: string, actual: string): Failed<RegistryFailure> {
  return remote.lies(
    `content that is not what was asked for: expected ${short(expected)}, got ${isDigest(actual) ? short(actual) : actual}`,
  );
}

function brokenOff(remote: Remote, cause: unknown): Failed<RegistryFailure> {
  const { host } = remote.endpoint;
  const message = `the download from registry ${host} broke off, again and again: ${reason(cause)}`;
  return new Failed<RegistryFailure>({ kind: 'registry-unreachable', host, message }, { cause });
}

function notFound(remote: Remote, what: string): Failed<RegistryFailure> {
  const reference = `${remote.endpoint.host}/${what}`;
  return new Failed<RegistryFailure>({
    kind: 'image-not-found',
    reference,
    message: `registry ${remote.endpoint.host} does not have ${what}`,
  });
}
