import type { Digest } from '../oci/digest.ts';
import type { Event } from '../progress/event.ts';

/** Everything a run can tell: what the engine tells, and how each image fares. Times as in `Event`. */
export type RunEvent = Event | TaskDefined | TaskCompleted | TaskFailed | TaskStopped;

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

/** Given up, because another image failed or the run was cancelled. */
export interface TaskStopped extends OfTask {
  readonly kind: 'task-stopped';
}
