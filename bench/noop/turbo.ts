import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { arch, platform } from 'node:process';

/** Turbo as npm installs it, and the program that its bin, a script for Node, starts in turn. */
export interface Turbo {
  readonly bin: string;
  readonly native: string;
}

/** A package of its own: who only works on this project or uses it need not have the 45 MB. */
const home = join(import.meta.dirname, '../turbo');
const install = ['install', '--no-package-lock', '--no-audit', '--no-fund'];

/** Installs it when it is first asked for; undefined, with the reason printed, where it can't be had. */
export function findTurbo(): Turbo | undefined {
  const modules = join(home, 'node_modules');
  const turbo = {
    bin: join(modules, '.bin/turbo'),
    native: join(modules, `@turbo/${platform}-${arch === 'x64' ? '64' : arch}/bin/turbo`),
  };
  try {
    if (!existsSync(turbo.bin)) execFileSync('npm', install, { cwd: home, stdio: 'pipe' });
  } catch (error) {
    process.stderr.write(`no turbo to compare with: ${(error as Error).message}\n`);
    return undefined;
  }
  return turbo;
}
