import { availableParallelism } from 'node:os';
import type { EngineOptions, LocalEngine, MemoryShare } from '@monokit/engine';
import { parseMemory } from '@monokit/engine/std/quantity';
import { Mistake } from '../mistake.ts';
import type { EngineSettings } from './tasks.ts';

interface EngineFlags {
  readonly 'cache-dir': string | undefined;
  readonly concurrency?: string | undefined;
  readonly memory?: string | undefined;
  readonly 'network-mode'?: string | undefined;
}

/** The engine of this machine as flags, environment and config say. */
export async function openEngineFor(
  flags: EngineFlags,
  env: NodeJS.ProcessEnv,
  settings: Omit<EngineSettings, 'continue'>,
  learnt: Pick<EngineOptions, 'estimate'> = {},
): Promise<LocalEngine> {
  const { openEngine } = await import('@monokit/engine');
  return openEngine({ ...engineOptions(flags, env, settings), ...learnt });
}

/** What flags, else the config, say of the engine; a `Mistake` for a number or a size that is none. */
export function engineOptions(
  flags: EngineFlags,
  env: NodeJS.ProcessEnv,
  settings: Omit<EngineSettings, 'continue'>,
): EngineOptions {
  const cacheDir = flags['cache-dir'] ?? settings.cacheDir;
  const network = flags['network-mode'];
  const concurrency = concurrencyOf(flags.concurrency ?? settings.concurrency);
  const memory = flags.memory === undefined ? settings.memory : memoryOf(flags.memory);
  return {
    env,
    ...(cacheDir !== undefined && { cacheDir }),
    ...(concurrency !== undefined && { concurrency }),
    ...(memory && { memory }),
    ...(network !== undefined && { network: network as NonNullable<EngineOptions['network']> }),
    ...(settings.registries !== undefined && { registries: settings.registries }),
  };
}

/** `4GiB`, or `80%` of what is available. */
function memoryOf(text: string): MemoryShare {
  const memory = parseMemory(text);
  if (memory) return memory;
  throw new Mistake(`--memory needs a size such as 4GiB, or a share such as 80%, got ${JSON.stringify(text)}`);
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
