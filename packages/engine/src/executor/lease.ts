// Where the things of one lease are, so that whoever comes later finds them.

import { join } from 'node:path';
import { groupOfAll } from './cgroup.ts';

/** Its folder in the run folder. */
export const leaseFolder = (runFolder: string, leaseId: string): string => join(runFolder, leaseId);

/** Its group in every hierarchy, unless a process asked for another parent. */
export const leaseGroup = (leaseId: string): string => join(groupOfAll, leaseId);

/** The group that the runtime makes, in the container's own: this one stays, with what it counted, when that is removed. */
export const containerGroup = (group: string): string => join(group, 'box');

/** Where the runtime keeps what it knows of the lease's containers. */
export const stateFolder = (folder: string): string => join(folder, 'state');

/** A lease's name becomes a folder's: throws on what is no plain name. */
export function checkLeaseId(leaseId: string): void {
  if (!/^[\w-][\w.-]*$/.test(leaseId)) throw new TypeError(`${JSON.stringify(leaseId)} is no name for a lease`);
}
