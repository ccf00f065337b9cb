// What both sides of the pool agree on: how a task is named, what it gets, and how its failure travels.
// A task is an exported function of some module; this room never learns which modules there are.

import { Failed, type FailureKind } from '../std/failed.ts';

/**
 * What a task may ask of its surroundings. Synchronous work calls `check` once in a while (every few thousand entries or
 * some megabytes): it throws once the task is to stop. Asynchronous work uses `signal`.
 */
export interface TaskContext {
  readonly signal: AbortSignal;
  check(): void;
}

export type TaskFunction<A, R> = (args: A, context: TaskContext) => R | Promise<R>;

/** Names work that the pool can run in a thread: the module that exports the function, and the function's name in it. */
export interface Task<A, R> {
  readonly module: string;
  readonly name: string;
  readonly here: TaskFunction<A, R>;
}

/**
 * Makes an exported function a task: `export const pack = task(import.meta.url, packHere)`, beside
 * `export function packHere(args, context)`. Arguments and results cross threads by structured clone. A worker loads the
 * module when its first task comes, so a task's module imports what is heavy lazily.
 */
export function task<A, R>(module: string, here: TaskFunction<A, R>): Task<A, R> {
  return { module, name: here.name, here };
}

/** How a run stands: one 32-bit word, shared by the thread that asks and the thread that works. */
export const state = { waiting: 0, running: 1, aborted: 2, ended: 3 } as const;

/** What the pool sends to a worker. */
export interface Order {
  readonly module: string;
  readonly name: string;
  readonly args: unknown;
  readonly state: SharedArrayBuffer;
}

/** What the worker answers. Errors lose their class and fields on the way, so they travel as data. */
export type Answer =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: ErrorData };

export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly failure?: FailureKind;
  /** `code`, `errno`, `syscall`, `path` of a system error. */
  readonly fields: Readonly<Record<string, string | number>>;
  readonly cause?: ErrorData;
}

/** An error as data. What is no `Error` becomes one. */
export function errorData(error: unknown): ErrorData {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), fields: {} };
  const fields: Record<string, string | number> = {};
  for (const key of ['code', 'errno', 'syscall', 'path', 'dest']) {
    const value = (error as unknown as Record<string, unknown>)[key];
    if (typeof value === 'string' || typeof value === 'number') fields[key] = value;
  }
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    failure: error instanceof Failed ? error.failure : undefined,
    fields,
    cause: error.cause === undefined ? undefined : errorData(error.cause),
  };
}

/** The error again: a `Failed` is a `Failed`, with its causes. */
export function errorOf(data: ErrorData): Error {
  const options = data.cause === undefined ? undefined : { cause: errorOf(data.cause) };
  const error = data.failure === undefined ? new Error(data.message, options) : new Failed(data.failure, options);
  Object.defineProperty(error, 'name', { value: data.name, configurable: true });
  if (data.stack !== undefined) error.stack = data.stack;
  return Object.assign(error, data.fields);
}

/** Runs a task on the thread that asks: what a task does that needs another task. */
export async function runHere<A, R>(task: Task<A, R>, args: A, signal: AbortSignal | undefined): Promise<R> {
  signal?.throwIfAborted();
  const here = signal ?? new AbortController().signal;
  return task.here(args, { signal: here, check: () => here.throwIfAborted() });
}

/** The task that does nothing. */
export const nothing = task(import.meta.url, nothingHere);

export function nothingHere(): void {}
