// How a frontend's process is told what to do: BuildKit's variables, and the image's own config.

import type { ImageConfig } from '../../oci/image-config.ts';
import { hostPlatform } from '../../oci/platform.ts';
import type { ContainerProcess } from '../program-bridge.ts';

/** Beside an image's labels and a client's options. */
export interface FrontendSurroundings {
  readonly options: Readonly<Record<string, string>>;
  readonly sessionId: string;
}

/** The engine as frontends see it: one worker, which builds for this machine. */
export const worker = { id: 'monokit', labels: new Map<string, string>(), platforms: [hostPlatform()] } as const;

export function frontendProcess(
  { config = {} }: Pick<ImageConfig, 'config'> | { readonly config?: undefined },
  { options, sessionId }: FrontendSurroundings,
): ContainerProcess {
  const given = Object.entries(options).map(([key, value], i) => `BUILDKIT_FRONTEND_OPT_${i}=${key}=${value}`);
  const workers = [{ id: worker.id, labels: {}, platforms: worker.platforms, gcPolicy: null, cdiDevices: null }];
  return {
    meta: {
      args: config.Entrypoint?.length ? config.Entrypoint : ['/run'],
      env: [
        ...(config.Env ?? []),
        ...given,
        `BUILDKIT_SESSION_ID=${sessionId}`,
        `BUILDKIT_WORKERS=${JSON.stringify(workers)}`,
        'BUILDKIT_EXPORTEDPRODUCT=monokit',
      ],
      cwd: config.WorkingDir || '/',
      user: '',
    },
    secretEnv: [],
    security: 'sandbox',
  };
}

/** Names in a list such as `moby.buildkit.frontend.inputs,moby.buildkit.frontend.contexts+forward`. */
export function capabilityNames(list: string | undefined): ReadonlySet<string> {
  return new Set(
    (list ?? '')
      .split(',')
      .map((each) => each.split('+')[0]!)
      .filter(Boolean),
  );
}
