// How calls end: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md, in trailers as
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md writes them.

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { bytes, fromBytes, int32, message, repeated, string, toBytes } from '../proto/message.ts';
import { Failed } from '../std/failed.ts';
import type { RpcDetail, RpcFailure } from './failure.ts';

/** In the order of their numbers. */
const codes = [
  'ok',
  'cancelled',
  'unknown',
  'invalid-argument',
  'deadline-exceeded',
  'not-found',
  'already-exists',
  'permission-denied',
  'resource-exhausted',
  'failed-precondition',
  'aborted',
  'out-of-range',
  'unimplemented',
  'internal',
  'unavailable',
  'data-loss',
  'unauthenticated',
] as const;

export type RpcCode = (typeof codes)[number];

/** A failure to end a call with. */
export function rpcFailed(
  code: RpcCode,
  message: string,
  { details = [], cause }: { readonly details?: readonly RpcDetail[]; readonly cause?: unknown } = {},
): Failed<RpcFailure> {
  return new Failed<RpcFailure>({ kind: 'rpc', code, message, details }, { cause });
}

const any = message({ type: [1, string], value: [2, bytes] });

/** `google.rpc.Status`. */
export const statusMessage = message({ code: [1, int32], message: [2, string], details: [3, repeated(any)] });

export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly RpcDetail[];
}

/** The status that tells of a failure; what is no status of its own is `unknown`, as in Go. */
export function statusOf(error: unknown): RpcStatus {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Failed && (error as Failed<RpcFailure>).failure.kind === 'rpc') {
    const { code, details } = (error as Failed<RpcFailure>).failure;
    return { code: codes.indexOf(code), message, details };
  }
  return { code: codes.indexOf('unknown'), message, details: [] };
}

export function failureOf({ code, message, details }: RpcStatus): Failed<RpcFailure> {
  return rpcFailed(codes[code] ?? 'unknown', message, { details });
}

export function trailersOf(status: RpcStatus): OutgoingHttpHeaders {
  return {
    'grpc-status': String(status.code),
    ...(status.message && { 'grpc-message': percentEncode(status.message) }),
    ...(status.details.length > 0 && {
      'grpc-status-details-bin': Buffer.from(toBytes(statusMessage, status)).toString('base64').replace(/=+$/, ''),
    }),
  };
}

/** Undefined where the headers have no status: they are the first ones of an answer. */
export function readTrailers(headers: IncomingHttpHeaders): RpcStatus | undefined {
  const { 'grpc-status': code, 'grpc-message': text, 'grpc-status-details-bin': bin } = headers;
  if (code === undefined) return undefined;
  const details = typeof bin === 'string' ? fromBytes(statusMessage, Buffer.from(bin, 'base64')).details : [];
  return { code: Number(code), message: typeof text === 'string' ? percentDecode(text) : '', details };
}

function percentEncode(text: string): string {
  const encode = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return Array.from(Buffer.from(text), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : encode(byte),
  ).join('');
}

function percentDecode(text: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const hex = text[i] === '%' ? /^[0-9A-Fa-f]{2}/.exec(text.slice(i + 1))?.[0] : undefined;
    bytes.push(hex === undefined ? text.charCodeAt(i) & 0xff : Number.parseInt(hex, 16));
    if (hex !== undefined) i += 2;
  }
  return Buffer.from(bytes).toString('utf8');
}
