// Services that are written in another folder than the one they are used in.

import { resolve } from 'node:path';
import { isMapping, type Mapping } from './merge.ts';
import { absoluteVolumes } from './volumes.ts';

/** A service of another folder: its own paths are absolute. */
export function rebased(definition: Mapping, folder: string): Mapping {
  const { build, develop, env_file: files, volumes } = definition;
  const moved = (path: unknown) => (typeof path === 'string' && isPath(path) ? resolve(folder, path) : path);
  return {
    ...definition,
    ...(isMapping(build) && {
      build: {
        ...build,
        context: moved(build['context'] ?? '.'),
        ...(isMapping(build['additional_contexts']) && {
          additional_contexts: Object.fromEntries(
            Object.entries(build['additional_contexts']).map(([name, each]) => [name, moved(each)]),
          ),
        }),
      },
    }),
    ...(isMapping(develop) &&
      Array.isArray(develop['watch']) && {
        develop: {
          ...develop,
          watch: (develop['watch'] as unknown[]).map((each) =>
            isMapping(each) ? { ...each, path: moved(each['path']) } : each,
          ),
        },
      }),
    ...(Array.isArray(volumes) && { volumes: absoluteVolumes(volumes, folder) }),
    ...(Array.isArray(files) && {
      env_file: (files as unknown[]).map((each) =>
        isMapping(each) ? { ...each, path: moved(each['path']) } : moved(each),
      ),
    }),
  };
}

function isPath(written: string): boolean {
  return !/^(?:[a-z][a-z0-9+.-]*:|[\w.-]+@[\w.-]+:|github\.com\/)/i.test(written);
}
