import type { Cache } from '../cache/api.ts';
import type { ImmutableRef, MutableRef } from '../cache/ref.ts';
import type { Container, ContainerMount } from '../executor/executor.ts';
import type { ExecOp } from '../llb/exec.ts';
import type { Mount } from '../llb/mount.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import type { OpsFailure } from './failure.ts';

/** An exec's mounts, held for as long as it runs. */
export interface HeldMounts extends AsyncDisposable {
  readonly root: Container['root'];
  readonly mounts: readonly ContainerMount[];
  /** Commits what was written. Call once, after the process succeeded; the results are the caller's. */
  outputs(): Promise<readonly ImmutableRef[]>;
  /** The trees that could be written, by the index of their mount in the op. */
  readonly written: ReadonlyMap<number, MutableRef>;
}

interface Output {
  readonly index: number;
  readonly commit: () => Promise<ImmutableRef>;
}

/** Opens everything that an exec mounts: trees to read, trees to write, cache folders, secrets, sockets. */
export async function holdMounts(
  op: Pick<ExecOp, 'mounts'>,
  inputs: readonly ImmutableRef[],
  { cache, job, name }: { readonly cache: Cache; readonly job: Job; readonly name: string },
): Promise<HeldMounts> {
  await using stack = new AsyncDisposableStack();
  const outputs: Output[] = [];
  const written = new Map<number, MutableRef>();
  const mounts: ContainerMount[] = [];
  let root: Container['root'] | undefined;

  for (const mount of op.mounts) {
    const input = mount.input < 0 ? undefined : inputs[mount.input];
    if (mount.dest === '/') root = await rootOf(mount, input);
    else {
      const opened = await open(mount, input);
      if (opened) mounts.push(opened);
    }
  }
  if (!root) throw new Error('an exec without a root was loaded');
  const held = stack.move();
  return {
    root,
    mounts,
    written,
    outputs: () => Promise.all(outputs.toSorted((a, b) => a.index - b.index).map(({ commit }) => commit())),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };

  async function rootOf(mount: Mount, input: ImmutableRef | undefined): Promise<Container['root']> {
    if (mount.kind !== 'bind') throw refused(`the root filesystem cannot be a ${mount.kind} mount`);
    if (mount.readonly) return { mount: await (input ?? cache.scratch).view(job), readonly: true };
    return { mount: (await writable(mount, input)).view(), readonly: false };
  }

  async function open(mount: Mount, input: ImmutableRef | undefined): Promise<ContainerMount | undefined> {
    const target = mount.dest;
    const selector = mount.selector && mount.selector !== '/' ? { selector: mount.selector } : {};
    switch (mount.kind) {
      case 'bind': {
        if (!mount.readonly) {
          const tree = await writable(mount, input);
          return { kind: 'tree', target, mount: tree.view(), readonly: false, ...selector };
        }
        const tree = input ?? cache.scratch;
        if (mount.output >= 0) outputs.push({ index: mount.output, commit: async () => tree.clone() });
        return { kind: 'tree', target, mount: await tree.view(job), readonly: true, ...selector };
      }
      case 'cache': {
        const seed = input ? { seed: input } : {};
        const id = input ? `${mount.id}:${input.id}` : mount.id;
        const hold = stack.use(await cache.cacheMount(id, { sharing: mount.sharing, ...seed, ...job }));
        const tree = { kind: 'bind', path: hold.path, readonly: false } as const;
        return { kind: 'tree', target, mount: tree, readonly: mount.readonly, ...selector };
      }
      case 'tmpfs':
        return { kind: 'tmpfs', target, ...(mount.size > 0 && { size: mount.size }) };
      case 'secret': {
        const { id, uid, gid, mode } = mount;
        const data = await secret(id, mount.optional);
        return data && { kind: 'secret', target, data, uid, gid, mode };
      }
      case 'ssh': {
        const { id, uid, gid, mode } = mount;
        const agent = await job.session.ssh(id, job);
        if (!agent) {
          if (mount.optional) return undefined;
          throw new Failed<OpsFailure>({
            kind: 'ssh-missing',
            id,
            message: `no SSH key ${JSON.stringify(id)} forwarded from the client: pass --ssh ${id}`,
          });
        }
        return { kind: 'ssh', target, socket: stack.use(agent).socket, uid, gid, mode };
      }
    }
  }

  /** A tree to write: committed as the mount's output, or dropped where it has none. */
  async function writable(mount: Mount, input: ImmutableRef | undefined): Promise<MutableRef> {
    const tree = stack.use(await cache.create(input, { description: `mount ${mount.dest} from exec ${name}`, ...job }));
    if (mount.output >= 0) outputs.push({ index: mount.output, commit: () => tree.commit() });
    written.set(op.mounts.indexOf(mount), tree);
    return tree;
  }

  async function secret(id: string, optional: boolean): Promise<Uint8Array | undefined> {
    const data = await job.session.secret(id, job);
    if (data || optional) return data;
    throw secretMissing(id);
  }
}

export function secretMissing(id: string): Failed<OpsFailure> {
  return new Failed({
    kind: 'secret-missing',
    id,
    message: `secret ${id}: not found: pass --secret id=${id},src=FILE or --secret id=${id},env=NAME`,
  });
}

function refused(message: string): Failed<OpsFailure> {
  return new Failed({ kind: 'op-refused', message });
}
