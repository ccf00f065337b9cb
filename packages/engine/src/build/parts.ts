import type { ImmutableRef } from '../cache/ref.ts';
import type { Estimator } from '../engine.ts';
import type { ExportDeps, Exporter } from '../exporter/exporter.ts';
import type { Frontend } from '../frontend/frontend.ts';
import type { Surroundings } from '../ops/surroundings.ts';
import type { Needs, Scheduler } from '../scheduler/scheduler.ts';
import type { CacheStore } from '../solver/cache-store.ts';
import type { LookedAt } from '../source/looked-at.ts';
import type { ImageResolver } from '../source/source.ts';

/** Everything a build is put together from; what is heavy is loaded when it is first asked for. */
export interface Parts extends Omit<Surroundings, 'solveTree' | 'retries' | 'wantedBy'> {
  readonly store: CacheStore<ImmutableRef>;
  readonly frontend: (name: string) => Promise<Frontend | undefined>;
  readonly exporter: (type: string) => Promise<Exporter | undefined>;
  readonly exportDeps: () => Promise<ExportDeps>;
  readonly lookedAt: LookedAt;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly images: (kind: 'registry' | 'layout') => Promise<ImageResolver>;
  /** Where files of the Container Device Interface are looked for; CDI's own folders when undefined. */
  readonly deviceFolders?: readonly string[] | undefined;
  /** Lets steps of all builds run, one after another where not all can at a time. */
  readonly scheduler: Scheduler;
  /** What processes may take together; read when it is first asked for. */
  readonly budget: () => Needs;
  /** What earlier builds tell of a step; nothing when undefined. */
  readonly estimate?: Estimator | undefined;
}
