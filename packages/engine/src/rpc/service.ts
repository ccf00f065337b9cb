// A service as a table of its methods: what both sides of a connection agree on.

import type { Message } from '../proto/message.ts';
import type { Read } from '../proto/reader.ts';
import type { Write } from '../proto/writer.ts';

export interface Unary<I, O> {
  readonly kind: 'unary';
  readonly name: string;
  readonly request: Message<I>;
  readonly response: Message<O>;
}

/** Messages in both directions at once. */
export interface Bidi<I, O> {
  readonly kind: 'bidi';
  readonly name: string;
  readonly request: Message<I>;
  readonly response: Message<O>;
}

/** A message of whatever type. */
interface SomeMessage {
  readonly write: Write<never>;
  readonly read: Read<unknown>;
}

export interface Method {
  readonly kind: 'unary' | 'bidi';
  readonly name: string;
  readonly request: SomeMessage;
  readonly response: SomeMessage;
}

export interface Service<M extends Readonly<Record<string, Method>> = Readonly<Record<string, Method>>> {
  /** With its package: `grpc.health.v1.Health`. */
  readonly name: string;
  readonly methods: M;
}

export function unary<I, O>(name: string, request: Message<I>, response: Message<O>): Unary<I, O> {
  return { kind: 'unary', name, request, response };
}

export function bidi<I, O>(name: string, request: Message<I>, response: Message<O>): Bidi<I, O> {
  return { kind: 'bidi', name, request, response };
}

/** What a call may know of itself. */
export interface Call {
  /** Aborted when the caller gives up, or is gone. */
  readonly signal: AbortSignal;
}

/** One function for each method. What it throws ends the call: an `rpc` failure with its status, all else as `unknown`. */
export type Handlers<S extends Service> = {
  readonly [K in keyof S['methods']]: S['methods'][K] extends Unary<infer I, infer O>
    ? (request: I, call: Call) => Promise<Partial<O>>
    : S['methods'][K] extends Bidi<infer I, infer O>
      ? (requests: AsyncIterable<I>, call: Call) => AsyncIterable<Partial<O>>
      : never;
};

/** The caller's side of the same. */
export type Calls<S extends Service> = {
  readonly [K in keyof S['methods']]: S['methods'][K] extends Unary<infer I, infer O>
    ? (request: Partial<I>, call?: Partial<Call>) => Promise<O>
    : S['methods'][K] extends Bidi<infer I, infer O>
      ? (requests: AsyncIterable<Partial<I>>, call?: Partial<Call>) => AsyncIterable<O>
      : never;
};
