import type { Step } from './scenario.ts';

/** Who is measured. */
export interface Subject {
  /** Begins with a new cache in `folder`, which is new too: there is the base image and nothing else. */
  reset(folder: string): Promise<void>;
  /** Lets go of the cache: its folder can be removed. */
  stop(): Promise<void>;
  /** Does a step in the project's folder; undefined where the subject has no such thing. */
  run(step: Step, options: RunOptions): Promise<Sample | undefined>;
}

export interface RunOptions {
  readonly dir: string;
  /** Looks at the memory all the while, which takes time itself. */
  readonly memory: boolean;
  /** Where this round's pushes go. */
  readonly registry?: string | undefined;
}

/** Seconds and bytes. */
export interface Sample {
  readonly wall: number;
  /** Of all processes, the containers' own included. */
  readonly cpu: number;
  /** Largest sum of the processes' proportional set sizes, containers left out; 0 where nobody looked. */
  readonly memory: number;
}
