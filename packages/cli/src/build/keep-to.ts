import type { LocalEngine } from '@monokit/engine';
import type { EngineSettings } from '../tasks/tasks.ts';

/** Lets go of what is older than the config wants, then of the least used until the cache is small enough. */
export async function keepTo(
  { storage, duration }: NonNullable<EngineSettings['keep']>,
  engine: Pick<LocalEngine, 'prune'>,
  signal: AbortSignal,
): Promise<void> {
  const work = { signal, report: () => undefined };
  if (duration !== undefined) await engine.prune({ keepDuration: duration }, work);
  if (storage !== undefined) await engine.prune({ keepStorage: storage }, work);
}
