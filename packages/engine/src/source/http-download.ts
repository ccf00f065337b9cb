// One request to a web server, and the file that its answer becomes.

import { chownSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Digester, type Digest } from '../oci/digest.ts';
import type { HttpResponse, Transport } from '../registry/transport.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import { setTimes } from '../sys/utimens.ts';
import type { SourceFailure } from './failure.ts';
import { withoutSecrets, type HttpIdentifier } from './http-identifier.ts';

/** Follows redirects; what authorizes us stays with the host that was asked. */
export async function sendFollowing(
  transport: Transport,
  id: HttpIdentifier,
  {
    method,
    headers,
    signal,
  }: { readonly method: 'GET' | 'HEAD'; readonly headers: Record<string, string>; readonly signal: AbortSignal },
): Promise<HttpResponse> {
  const home = new URL(id.url);
  let url = home;
  const named = { ...urlAuthorization(home), ...headers };
  const { authorization: _ours, ...open } = named;
  for (let hops = 0; ; hops++) {
    const sent = url.origin === home.origin ? named : open;
    const response = await transport.send({ method, url: url.href, headers: sent, signal });
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined) return response;
    await response.discard();
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (hops === 10 || !next || !/^https?:$/.test(next.protocol)) {
      throw httpFailed(id, `${withoutSecrets(id.url)} redirects to nowhere`);
    }
    url = next;
  }
}

function urlAuthorization({ username, password }: URL): { readonly authorization?: string } {
  if (username === '') return {};
  const pair = `${unescapeUrl(username)}:${unescapeUrl(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function unescapeUrl(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign stays what it is.
    return text;
  }
}

/** Writes the one file of the tree, owned and dated as asked; gives the digest of its bytes. */
export async function writeDownload(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  { id, modified }: { readonly id: HttpIdentifier; readonly modified: number },
): Promise<Digest> {
  const digester = new Digester(id.checksum?.startsWith('sha512:') ? 'sha512' : 'sha256');
  await using file = await open(path, 'wx', 0o600);
  for await (const piece of bytes) {
    digester.update(piece);
    for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten;
  }
  if (id.uid !== 0 || id.gid !== 0) chownSync(path, id.uid, id.gid);
  await file.chmod(id.perm === 0 ? 0o600 : id.perm & 0o7777);
  const mtime = BigInt(Number.isNaN(modified) ? 0 : modified) * 1_000_000n;
  setTimes(path, { atime: mtime, mtime });
  return digester.digest();
}

/** The body as it arrives, told ten times a second. */
export async function* toldBody(
  { body, headers }: HttpResponse,
  { job, vertex, id }: { readonly job: Job; readonly vertex: Digest; readonly id: string },
): AsyncGenerator<Uint8Array> {
  const length = Number(headers['content-length']);
  const total = Number.isSafeInteger(length) ? { total: length } : {};
  const tell = (done: boolean) =>
    job.report({ kind: 'progress', vertex, at: Date.now(), id, current, ...total, unit: 'bytes', done });
  let [current, last] = [0, 0];
  for await (const piece of body) {
    yield piece;
    current += piece.length;
    if (Date.now() - last < 100) continue;
    last = Date.now();
    tell(false);
  }
  tell(true);
}

export function isServerError(error: unknown): boolean {
  if (!(error instanceof Failed) || error.failure.kind !== 'http-failed') return false;
  const { status = 0 } = error.failure as Extract<SourceFailure, { kind: 'http-failed' }>;
  return status >= 500;
}

export function httpFailed(
  id: HttpIdentifier,
  message: string,
  { status, cause }: { status?: number; cause?: unknown } = {},
): Failed<SourceFailure> {
  const url = withoutSecrets(id.url);
  return new Failed<SourceFailure>(
    { kind: 'http-failed', url, message, ...(status !== undefined && { status }) },
    { cause },
  );
}
