// Surroundings of work that asks its client for nothing but folders.

import type { Job } from '../../packages/engine/src/session/job.ts';
import type { LocalFolder } from '../../packages/engine/src/session/session.ts';

export function jobOf(
  folders: Readonly<Record<string, string | LocalFolder>> = {},
  signal: AbortSignal = new AbortController().signal,
): Job {
  return {
    signal,
    report: () => {},
    session: {
      id: 'test',
      folder(name) {
        const folder = folders[name];
        return typeof folder === 'string' ? { root: folder } : folder;
      },
      secret: async () => undefined,
      ssh: async () => undefined,
      credentials: async () => undefined,
      store: async () => undefined,
    },
  };
}
