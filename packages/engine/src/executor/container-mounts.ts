// The mounts of one container, made ready on this machine and told as a spec has them.

import { closeSync, constants, mkdirSync, openSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { mount as mountCall, mountFlags, unmount, unmountFlags } from '../sys/mount.ts';
import { openInRoot, O_PATH } from '../sys/openat2.ts';
import type { ContainerMount } from './executor.ts';
import type { SpecMount } from './runtime-spec.ts';
import type { MountPoint } from './stubs.ts';
import { treeAt } from './tree-at.ts';
import type { Vault } from './vault.ts';

/** One mount that is ready: what the runtime does, and what it needs to find in the container's tree. */
export interface ReadyMount {
  readonly spec: SpecMount;
  readonly point: MountPoint;
}

export interface ReadyMounts extends AsyncDisposable {
  readonly mounts: readonly ReadyMount[];
}

/** Makes everything ready below `folder`, or nothing. */
export async function readyMounts(
  mounts: readonly ContainerMount[],
  { folder, vault }: { readonly folder: string; readonly vault: () => Vault },
): Promise<ReadyMounts> {
  await using stack = new AsyncDisposableStack();
  const trees = new Map<string, string>();
  const ready: ReadyMount[] = [];
  for (const [index, mount] of mounts.entries()) {
    const name = join(folder, String(index));
    switch (mount.kind) {
      case 'tree': {
        // One upper folder must not be in two mounts.
        const key = JSON.stringify(mount.mount);
        const path = trees.get(key) ?? stack.use(treeAt(mount.mount, name)).path;
        trees.set(key, path);
        const selected = posix.resolve('/', mount.selector ?? '');
        const source = selected === '/' ? path : stack.use(bindInside(path, selected, `${name}-selected`)).path;
        ready.push(bindMount(mount.target, source, ['rbind', mount.readonly ? 'ro' : 'rw']));
        break;
      }
      case 'bind':
        ready.push(bindMount(mount.target, mount.path, ['rbind', mount.readonly ? 'ro' : 'rw']));
        break;
      case 'tmpfs':
        ready.push({
          spec: {
            destination: mount.target,
            type: 'tmpfs',
            source: 'tmpfs',
            options: [
              'nosuid',
              ...(mount.size ? [`size=${mount.size}`] : []),
              ...(mount.mode === undefined ? [] : [`mode=${mount.mode.toString(8)}`]),
            ],
          },
          // A runtime gives it the mode of the folder it hides: where there is none, tmpfs's own.
          point: { target: mount.target, kind: 'folder', mode: 0o1777 },
        });
        break;
      case 'secret': {
        const { path } = stack.use(vault().secret(mount.data, mount));
        const options = ['ro', 'rbind', 'nodev', 'nosuid', ...(mount.mode & 0o111 ? [] : ['noexec'])];
        ready.push(bindMount(mount.target, path, options));
        break;
      }
      case 'ssh': {
        const { path } = stack.use(await vault().socket(mount.socket, mount));
        ready.push(bindMount(mount.target, path, ['rbind']));
        break;
      }
    }
  }
  const held = stack.move();
  return { mounts: ready, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

function bindMount(target: string, source: string, options: readonly string[]): ReadyMount {
  return {
    spec: { destination: target, type: 'bind', source, options },
    point: { target, kind: statSync(source).isDirectory() ? 'folder' : 'file' },
  };
}

/**
 * Mounts what `path` is inside the tree `root` at `at`, which it makes. Symlinks stay inside the tree, and what was
 * found is what is mounted even if somebody changes the tree meanwhile (EX-018).
 */
function bindInside(root: string, path: string, at: string): { readonly path: string } & Disposable {
  const folder = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const found = openInRoot(folder, path, { flags: O_PATH });
    try {
      const source = `/proc/self/fd/${found}`;
      if (statSync(source).isDirectory()) mkdirSync(at, { recursive: true });
      else writeFileSync(at, '', { flag: 'wx' });
      mountCall(source, at, { flags: mountFlags.bind | mountFlags.recursive });
    } finally {
      closeSync(found);
    }
  } finally {
    closeSync(folder);
  }
  return {
    path: at,
    [Symbol.dispose]: () => {
      unmount(at, unmountFlags.detach | unmountFlags.nofollow);
      if (statSync(at).isDirectory()) rmdirSync(at);
      else rmSync(at);
    },
  };
}
