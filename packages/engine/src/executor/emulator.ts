// How this machine runs programs of another architecture: itself, by an emulator that its kernel knows of, or by one
// that only lies here and that the kernel is told of for our containers alone.

import { execFile, type ExecFileException } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { formatPlatform, hostPlatform, normalise, type Platform } from '../oci/platform.ts';
import { Failed } from '../std/failed.ts';
import { makeTempFolder } from '../std/temp.ts';
import { handlersOf, type BinfmtHandler } from './binfmt.ts';
import type { ExecutorFailure } from './failure.ts';
import { exitProgram } from './foreign-program.ts';
import { programPath } from './runtime.ts';

export type Emulation =
  /** Any process can start such programs: the processor's own, or by a handler that works in every container. */
  | { readonly kind: 'native' | 'registered' }
  /** An emulator lies here that the kernel was not told of. */
  | { readonly kind: 'unregistered'; readonly path: string }
  /** There is a handler, but its emulator would have to be in every container. */
  | { readonly kind: 'not-fixed'; readonly handler: BinfmtHandler }
  | { readonly kind: 'none' };

/** Looks; `folder` is where programs may be written and run. */
export async function emulationOf(
  platform: Platform,
  {
    folder,
    host = hostPlatform(),
    find = emulatorPath,
  }: {
    readonly folder: string;
    readonly host?: Platform;
    readonly find?: (architecture: string) => string | undefined;
  },
): Promise<Emulation> {
  const { architecture } = normalise(platform);
  if (architecture === normalise(host).architecture) return { kind: 'native' };
  if (await runsInContainers(architecture, folder)) return { kind: 'registered' };
  const path = find(architecture);
  if (path !== undefined) return { kind: 'unregistered', path };
  const [handler] = handlersOf(architecture);
  return handler ? { kind: 'not-fixed', handler } : { kind: 'none' };
}

/** Whether a program of that architecture runs where there is nothing but itself. */
async function runsInContainers(architecture: string, parent: string): Promise<boolean> {
  const program = exitProgram(architecture);
  const chroot = programPath('chroot');
  if (!program || chroot === undefined) return false;
  await using folder = makeTempFolder({ prefix: '.foreign-', parent });
  const root = join(folder.path, 'root');
  mkdirSync(root);
  writeFileSync(join(root, 'exit'), program, { mode: 0o755 });
  for (let tries = 1; ; tries++) {
    try {
      await promisify(execFile)(chroot, [root, '/exit'], { env: { LC_ALL: 'C' } });
      return true;
    } catch (error) {
      const { code, signal, stderr } = error as ExecFileException;
      // What another thread starts has the file open for writing, too, until it is the program that it is to be.
      const busy = code === 126 && stderr?.includes('Text file busy') === true;
      if (busy && tries < 100) await setTimeout(10);
      else if (typeof code === 'number' || signal) return false;
      else throw error;
    }
  }
}

/** A static emulator, by the names that Debian and BuildKit have for it. */
function emulatorPath(architecture: string): string | undefined {
  const name = emulatorNames[architecture] ?? architecture;
  return programPath(`qemu-${name}-static`) ?? programPath(`buildkit-qemu-${name}`);
}

/** QEMU's names of architectures where Go has others. */
const emulatorNames: Readonly<Record<string, string>> = {
  '386': 'i386',
  amd64: 'x86_64',
  arm64: 'aarch64',
  loong64: 'loongarch64',
  mips64le: 'mips64el',
  mipsle: 'mipsel',
};

export const installEmulator = 'apt-get install -y qemu-user-static';

/** What tells the kernel of emulators, until the next start of the machine; where Debian's package is of no use, too. */
export const registerEmulator = (architecture: string): string =>
  `docker run --privileged --rm tonistiigi/binfmt --install ${architecture}`;

/** `platform-unsupported`: why such programs don't run here, and what to do. */
export function unsupported(platform: Platform, emulation: Emulation, cause?: unknown): Failed<ExecutorFailure> {
  const name = formatPlatform(platform);
  const register = registerEmulator(normalise(platform).architecture);
  const told = (): string => {
    if (platform.os !== 'linux') return `containers for ${name} cannot run here: only Linux ones can`;
    switch (emulation.kind) {
      case 'unregistered': {
        const reason = cause instanceof Error ? ` (${cause.message.trim()})` : '';
        return (
          `the emulator ${emulation.path} for ${name} is here, but the kernel was not told of it, and cannot be told ` +
          `for containers alone, which takes Linux 6.7${reason}; tell it: ${register}`
        );
      }
      case 'not-fixed':
        return (
          `the emulator ${emulation.handler.interpreter} for ${name} is registered without the flag F, so containers ` +
          `do not see it; install one that they see: ${installEmulator}, or ${register}`
        );
      default:
        return `this machine cannot run programs for ${name}; install an emulator: ${installEmulator}, or ${register}`;
    }
  };
  return new Failed<ExecutorFailure>({ kind: 'platform-unsupported', platform: name, message: told() }, { cause });
}

/** A process with all rights, where the emulator is registered for a user namespace only. */
export function unsupportedInsecure(platform: Platform): Failed<ExecutorFailure> {
  const name = formatPlatform(platform);
  const register = registerEmulator(normalise(platform).architecture);
  const message = `RUN --security=insecure for ${name} needs an emulator that the kernel was told of: ${register}`;
  return new Failed<ExecutorFailure>({ kind: 'platform-unsupported', platform: name, message });
}
