import { globSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './rig.ts';

/** A static busybox of another architecture, as scripts/setup.sh test fetches it. */
export function foreignBusybox(): { readonly path: string; readonly architecture: string; readonly machine: string } {
  const [path] = globSync(join(projectRoot, '.bases/foreign/busybox-*'));
  if (path === undefined) throw new Error('this test needs a foreign busybox: sh scripts/setup.sh test');
  const architecture = path.slice(path.lastIndexOf('-') + 1);
  return { path, architecture, machine: architecture === 'arm64' ? 'aarch64' : 'x86_64' };
}
