// What a frontend's process is told by its environment.

import type { Platform } from '../../../oci/platform.ts';

export interface Worker {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What it builds for, its own first. */
  readonly platforms: readonly Platform[];
}

export interface FrontendEnvironment {
  /** BuildKit's `--opt` names: `target`, `platform`, `build-arg:NAME`, `filename`, `context:NAME`, … */
  readonly options: Readonly<Record<string, string>>;
  readonly sessionId: string;
  readonly workers: readonly Worker[];
  /** The program that runs it: `monokit`, `buildkit`, `moby`. */
  readonly product: string;
}

const prefix = 'BUILDKIT_FRONTEND_OPT_';

export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): FrontendEnvironment {
  const options = Object.entries(env).flatMap(([name, value = '']) => {
    if (!name.startsWith(prefix)) return [];
    const at = value.indexOf('=');
    return [at < 0 ? ([value, ''] as const) : ([value.slice(0, at), value.slice(at + 1)] as const)];
  });
  return {
    options: Object.fromEntries(options),
    sessionId: env['BUILDKIT_SESSION_ID'] ?? '',
    workers: readWorkers(env['BUILDKIT_WORKERS'] ?? ''),
    product: env['BUILDKIT_EXPORTEDPRODUCT'] ?? '',
  };
}

function readWorkers(json: string): readonly Worker[] {
  if (json === '') return [];
  const workers = JSON.parse(json) as readonly {
    id: string;
    labels: Worker['labels'] | null;
    platforms: Platform[] | null;
  }[];
  return workers.map(({ id, labels, platforms }) => ({ id, labels: labels ?? {}, platforms: platforms ?? [] }));
}
