// Which program makes the containers.

import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { Failed } from '../std/failed.ts';
import type { Cgroups } from './cgroup.ts';
import type { ExecutorFailure } from './failure.ts';

export interface Runtime {
  readonly name: 'runc' | 'crun';
  /** Absolute path of the program. */
  readonly path: string;
}

/** `auto` is runc, or crun where there is no runc; a path is of a program that takes runc's command line. */
export type RuntimeChoice = 'auto' | 'runc' | 'crun' | (string & {});

export const installRuntime = 'apt-get install -y runc';

/** Throws `runtime-missing`. */
export function findRuntime(choice: RuntimeChoice, cgroups: Cgroups): Runtime {
  if (isAbsolute(choice)) return { name: /crun[^/]*$/.test(choice) ? 'crun' : 'runc', path: choice };
  const runc = choice === 'crun' ? undefined : programPath('runc');
  if (runc) return { name: 'runc', path: runc };
  const crun = choice === 'runc' ? undefined : programPath('crun');
  // crun does not start anything while both kinds of cgroups are mounted.
  if (crun && cgroups.kind !== 'hybrid') return { name: 'crun', path: crun };
  throw new Failed<ExecutorFailure>({
    kind: 'runtime-missing',
    message: crun
      ? `crun does not work on this machine, where cgroups of versions 1 and 2 are mounted; install runc: ${installRuntime}`
      : `no ${choice === 'auto' ? 'runc' : choice} was found, which runs the containers; install it: ${
          choice === 'crun' ? 'apt-get install -y crun' : installRuntime
        }`,
  });
}

/** Where a program is; also looks where a user's PATH often does not. */
export function programPath(name: string): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    '/usr/bin',
  ];
  return folders
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
