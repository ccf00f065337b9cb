import type { ExportDeps, Exporter } from '../exporter/exporter.ts';
import type { Frontend } from '../frontend/frontend.ts';
import type { Surroundings } from '../ops/surroundings.ts';
import type { CacheStore } from '../solver/cache-store.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { LookedAt } from '../source/looked-at.ts';
import type { ImageResolver } from '../source/source.ts';

/** Everything a build is put together from; what is heavy is loaded when it is first asked for. */
export interface Parts extends Omit<Surroundings, 'solveTree'> {
  readonly store: CacheStore<ImmutableRef>;
  readonly frontend: (name: string) => Promise<Frontend | undefined>;
  readonly exporter: (type: string) => Promise<Exporter | undefined>;
  readonly exportDeps: () => Promise<ExportDeps>;
  readonly lookedAt: LookedAt;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly images: (kind: 'registry' | 'layout') => Promise<ImageResolver>;
  /** Where files of the Container Device Interface are looked for; CDI's own folders when undefined. */
  readonly deviceFolders?: readonly string[] | undefined;
  /** How many vertices run at a time; no bound when undefined. */
  readonly concurrency?: number;
}
