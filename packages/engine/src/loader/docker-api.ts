// Requests to the Docker daemon's HTTP API.

import { request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Failed } from '../std/failed.ts';
import type { DockerHost } from './docker-host.ts';
import type { LoaderFailure } from './failure.ts';
import type { Stop } from './loader.ts';

export interface DockerRequest extends Stop {
  readonly method?: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  /** A tar. */
  readonly body?: AsyncIterable<Uint8Array>;
}

export interface DockerAnswer {
  readonly status: number;
  readonly body: Readable;
}

/** Throws `loader-missing` if nobody answers; statuses are the caller's matter. */
export async function ask(
  host: DockerHost,
  { method = 'GET', path, body, signal }: DockerRequest,
): Promise<DockerAnswer> {
  signal.throwIfAborted();
  const options: RequestOptions = {
    ...(host.kind === 'socket' ? { socketPath: host.path } : { host: host.host, port: host.port, ...host.tls }),
    method,
    path,
    signal,
    headers: { host: 'docker', ...(body && { 'content-type': 'application/x-tar' }) },
  };
  const send = host.kind === 'tcp' && host.tls ? (await import('node:https')).request : plainRequest;
  const request = send(options);
  const answered = Promise.withResolvers<IncomingMessage>();
  request.once('response', answered.resolve);
  request.once('error', answered.reject);
  try {
    // A daemon that refuses answers before it has read all; then that answer counts, and not that it stopped reading.
    const sent = body ? pipeline(Readable.from(body, { objectMode: false }), request) : request.end();
    if (sent instanceof Promise) sent.catch(answered.reject);
    const response = await answered.promise;
    return { status: response.statusCode ?? 0, body: response };
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw unanswered(host, cause as NodeJS.ErrnoException);
  }
}

function unanswered(host: DockerHost, cause: NodeJS.ErrnoException): unknown {
  const place = host.kind === 'socket' ? host.path : `${host.host}:${host.port}`;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such socket',
    ECONNREFUSED: 'nobody answers there',
    EACCES: 'you may not use its socket',
    EPERM: 'you may not use its socket',
  };
  const reason = reasons[cause.code ?? ''];
  if (reason === undefined && !('syscall' in cause)) return cause; // the archive's failure, or a bug
  const message =
    `the Docker daemon at ${place} can't be reached: ${reason ?? cause.message}; ` +
    'start it, or say where it is by DOCKER_HOST or docker context use';
  return new Failed<LoaderFailure>({ kind: 'loader-missing', loader: 'Docker', message }, { cause });
}

/** What the daemon says is wrong: the `message` of its answer. */
export async function complaintOf({ status, body }: DockerAnswer): Promise<string> {
  const said = await text(body);
  try {
    const { message } = JSON.parse(said) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // It said it in plain text.
  }
  return said.trim() || `status ${status}`;
}
