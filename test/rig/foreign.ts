import { existsSync, globSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registration } from '../../packages/engine/src/executor/binfmt.ts';
import { mount, unmount } from '../../packages/engine/src/sys/mount.ts';
import { chrooted } from './chrooted.ts';
import { projectRoot } from './rig.ts';

/** A static busybox of another architecture, as scripts/setup.sh test fetches it. */
export function foreignBusybox(): { readonly path: string; readonly architecture: string; readonly machine: string } {
  const [path] = globSync(join(projectRoot, '.bases/foreign/busybox-*'));
  if (path === undefined) throw new Error('this test needs a foreign busybox: sh scripts/setup.sh test');
  const architecture = path.slice(path.lastIndexOf('-') + 1);
  return { path, architecture, machine: architecture === 'arm64' ? 'aarch64' : 'x86_64' };
}

/**
 * Tells the kernel of an emulator for these programs, for all of the machine, where the engine cannot tell it for its own
 * containers alone. Disposing takes it back.
 */
export function emulatorOf({
  architecture,
  machine,
}: Pick<ReturnType<typeof foreignBusybox>, 'architecture' | 'machine'>): Disposable {
  if (!chrooted) return { [Symbol.dispose]() {} };
  const folder = mkdtempSync(join(tmpdir(), 'monokit-binfmt-'));
  mount('binfmt_misc', folder, { type: 'binfmt_misc' });
  const handler = join(folder, architecture);
  const known = existsSync(handler);
  if (!known) writeFileSync(join(folder, 'register'), registration(architecture, `/usr/bin/qemu-${machine}-static`)!);
  return {
    [Symbol.dispose]() {
      if (!known) writeFileSync(handler, '-1');
      unmount(folder);
      rmdirSync(folder);
    },
  };
}
