import type { Step } from './scenario.ts';

/** Who is measured. */
export interface Subject {
  /** Begins with a cache in which there is the base image and nothing else. What it had before stays on the disk. */
  reset(): Promise<void>;
  /** Removes the caches of all rounds so far. */
  clear(): Promise<void>;
  /** Does a step in the project's folder; undefined where the subject has no such thing. */
  run(step: Step, options: RunOptions): Promise<Sample | undefined>;
}

export interface RunOptions {
  readonly dir: string;
  /** Looks at the memory all the while, which takes time itself. */
  readonly memory: boolean;
}

/** Seconds and bytes. */
export interface Sample {
  readonly wall: number;
  /** Of all processes, the containers' own included. */
  readonly cpu: number;
  /** Largest sum of the processes' proportional set sizes, containers left out; 0 where nobody looked. */
  readonly memory: number;
}
