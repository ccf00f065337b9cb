import { availableParallelism } from 'node:os';
import type { EngineOptions, LocalEngine } from '@monokit/engine';
import { Mistake } from './mistake.ts';
import type { EngineSettings } from './tasks.ts';

interface EngineFlags {
  readonly 'cache-dir': string | undefined;
  readonly concurrency?: string | undefined;
  readonly 'network-mode'?: string | undefined;
}

/** The engine of this machine as flags, environment and config say. */
export async function openEngineFor(
  flags: EngineFlags,
  env: NodeJS.ProcessEnv,
  settings: Omit<EngineSettings, 'continue'>,
): Promise<LocalEngine> {
  const { openEngine } = await import('@monokit/engine');
  return openEngine(engineOptions(flags, env, settings));
}

export function engineOptions(
  flags: EngineFlags,
  env: NodeJS.ProcessEnv,
  settings: Omit<EngineSettings, 'continue'>,
): EngineOptions {
  const cacheDir = flags['cache-dir'] ?? settings.cacheDir;
  const network = flags['network-mode'];
  const concurrency = concurrencyOf(flags.concurrency ?? settings.concurrency);
  return {
    env,
    ...(cacheDir !== undefined && { cacheDir }),
    ...(concurrency !== undefined && { concurrency }),
    ...(network !== undefined && { network: network as NonNullable<EngineOptions['network']> }),
    ...(settings.registries !== undefined && { registries: settings.registries }),
  };
}

/** `4` or `50%` of the machine's processors, at least one. */
function concurrencyOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number, percent] = /^(\d+)(%?)$/.exec(text) ?? [];
  if (number === undefined || Number(number) === 0) {
    throw new Mistake(`--concurrency needs a number or a percentage, got ${JSON.stringify(text)}`);
  }
  return percent ? Math.max(1, Math.floor((availableParallelism() * Number(number)) / 100)) : Number(number);
}
