import type { Digest } from '../oci/digest.ts';
import type { Event } from '../progress/event.ts';

/** Everything a run can tell: what the engine tells, and how each image fares. Times as in `Event`. */
export type RunEvent = Event | TaskDefined | TaskCompleted | TaskFailed | TaskBlocked | TaskCancelled;

interface OfTask {
  /** The image's id. */
  readonly task: string;
  readonly at: number;
}

/** Its Dockerfile was read and its graph is known. */
export interface TaskDefined extends OfTask {
  readonly kind: 'task-defined';
}

export interface TaskCompleted extends OfTask {
  readonly kind: 'task-completed';
  /** Of the image, where one came out. */
  readonly digest?: Digest;
  /** Bytes of all layers as exported. */
  readonly size?: number;
}

export interface TaskFailed extends OfTask {
  readonly kind: 'task-failed';
  readonly error: unknown;
}

/** Not begun, because an image that it depends on was not built. What is built from one that fails fails with it. */
export interface TaskBlocked extends OfTask {
  readonly kind: 'task-blocked';
  /** The image that it depends on: failed, or blocked itself. */
  readonly because: string;
}

/** Given up, because the run was stopped, or another image failed and nothing was to go on. */
export interface TaskCancelled extends OfTask {
  readonly kind: 'task-cancelled';
}
