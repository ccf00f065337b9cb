import { randomUUID } from 'node:crypto';
import type { HostIp, NetworkMode } from '../../../llb/exec.ts';
import type { Mount } from '../../../llb/mount.ts';
import type { Platform } from '../../../oci/platform.ts';
import type { TreeEntry } from '../../program-bridge.ts';
import { entryOf } from '../stat.ts';
import { ProcessTalks, type ProcessOptions, type RunningProcess } from './processes.ts';
import type { BridgeCalls, FileRange, Reference } from './reference.ts';

export interface ContainerOptions {
  /** One of them at `/`. */
  readonly mounts: readonly ContainerMount[];
  readonly network?: NetworkMode;
  readonly platform?: Platform;
  readonly hostname?: string;
  readonly extraHosts?: readonly HostIp[];
}

interface MountAt {
  readonly target: string;
}

export type ContainerMount = MountAt &
  (
    | { readonly kind: 'bind'; readonly from?: Reference; readonly selector?: string; readonly readonly?: boolean }
    | { readonly kind: 'cache'; readonly id: string; readonly sharing?: 'shared' | 'private' | 'locked' }
    | { readonly kind: 'tmpfs'; readonly size?: number }
    | ({ readonly kind: 'secret' } & LentMount)
    | ({ readonly kind: 'ssh' } & LentMount)
  );

interface LentMount {
  readonly id: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
  readonly optional?: boolean;
}

/** A container of the engine's, whose processes are the frontend's to start. It ends with the first of them. */
export class FrontendContainer implements AsyncDisposable {
  readonly id: string;
  readonly #calls: BridgeCalls;
  readonly #talks: ProcessTalks;

  /** @internal By `FrontendClient.container`. */
  constructor(id: string, calls: BridgeCalls, talks: ProcessTalks) {
    this.id = id;
    this.#calls = calls;
    this.#talks = talks;
  }

  /** Resolves when the process runs. */
  start(options: ProcessOptions): Promise<RunningProcess> {
    return this.#talks.start(this.id, options);
  }

  /** Runs a process to its end; what it wrote. */
  async run(options: ProcessOptions): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const said = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
    const hearing = (stream: 'stdout' | 'stderr') => (data: Uint8Array) => {
      said[stream].push(data);
      options[stream]?.(data);
    };
    const { ended } = await this.start({ ...options, stdout: hearing('stdout'), stderr: hearing('stderr') });
    await ended;
    return { stdout: Buffer.concat(said.stdout).toString(), stderr: Buffer.concat(said.stderr).toString() };
  }

  /** What its mounts hold now, by their place in the options. */
  async readFile(path: string, { mount = 0, range }: { readonly mount?: number; readonly range?: FileRange } = {}) {
    const asked = { ref: this.id, path, mountIndex: mount, ...(range && { range }) };
    return (await this.#calls.readFileContainer(asked)).data;
  }

  async readDir(
    path: string,
    { mount = 0, pattern = '' }: { readonly mount?: number; readonly pattern?: string } = {},
  ): Promise<readonly TreeEntry[]> {
    const asked = { ref: this.id, path, mountIndex: mount, includePattern: pattern };
    return (await this.#calls.readDirContainer(asked)).entries.map(entryOf);
  }

  async stat(path: string, { mount = 0 }: { readonly mount?: number } = {}): Promise<TreeEntry> {
    return entryOf((await this.#calls.statFileContainer({ ref: this.id, path, mountIndex: mount })).stat!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls.releaseContainer({ containerId: this.id });
  }
}

export async function openContainer(
  { mounts, network, platform, hostname, extraHosts }: ContainerOptions,
  calls: BridgeCalls,
  talks: ProcessTalks,
): Promise<FrontendContainer> {
  const containerId = randomUUID();
  await calls.newContainer({
    containerId,
    mounts: mounts.map(mountOf),
    ...(network && { network }),
    ...(platform && { platform }),
    ...(hostname !== undefined && { hostname }),
    ...(extraHosts && { extraHosts }),
  });
  return new FrontendContainer(containerId, calls, talks);
}

function mountOf(mount: ContainerMount): Mount {
  const common = {
    input: 0,
    dest: mount.target,
    selector: mount.kind === 'bind' ? (mount.selector ?? '') : '',
    output: 0,
    readonly: mount.kind === 'bind' && (mount.readonly ?? false),
    contentCache: 'default',
    resultId: mount.kind === 'bind' ? (mount.from?.id ?? '') : '',
  } as const;
  switch (mount.kind) {
    case 'bind':
      return { ...common, kind: 'bind' };
    case 'cache':
      return { ...common, kind: 'cache', id: mount.id, sharing: mount.sharing ?? 'shared' };
    case 'tmpfs':
      return { ...common, kind: 'tmpfs', size: mount.size ?? 0 };
    case 'secret':
    case 'ssh': {
      const { kind, id, uid = 0, gid = 0, mode = kind === 'ssh' ? 0o600 : 0o400, optional = false } = mount;
      return { ...common, kind, id, uid, gid, mode, optional };
    }
  }
}
