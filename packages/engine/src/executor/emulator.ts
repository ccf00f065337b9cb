// Whether this machine can run programs of another architecture: natively, or through a handler that the kernel was
// given (binfmt_misc) and whose emulator it keeps open, so that containers need not contain it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatPlatform, hostPlatform, normalise, type Platform } from '../oci/platform.ts';
import { Failed } from '../std/failed.ts';
import type { ExecutorFailure } from './failure.ts';

const handlersFolder = '/proc/sys/fs/binfmt_misc';

/** A handler as the kernel prints it. */
export interface BinfmtHandler {
  readonly name: string;
  readonly enabled: boolean;
  readonly interpreter: string;
  /** `F`: the interpreter was opened when it was registered, and works in any container. */
  readonly flags: string;
  readonly offset: number;
  readonly magic: Buffer;
  readonly mask?: Buffer;
}

export function readHandlers(folder = handlersFolder): BinfmtHandler[] {
  let names;
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => name !== 'register' && name !== 'status')
    .flatMap((name) => parseHandler(name, readFileSync(join(folder, name), 'utf8')) ?? []);
}

/** Undefined for handlers that go by a file's ending. */
export function parseHandler(name: string, text: string): BinfmtHandler | undefined {
  const field = (key: string) => new RegExp(`^${key}:? (.*)$`, 'm').exec(text)?.[1];
  const magic = field('magic');
  if (magic === undefined) return undefined;
  const mask = field('mask');
  return {
    name,
    enabled: text.startsWith('enabled'),
    interpreter: field('interpreter') ?? '',
    flags: field('flags') ?? '',
    offset: Number(field('offset') ?? 0),
    magic: Buffer.from(magic, 'hex'),
    ...(mask !== undefined && { mask: Buffer.from(mask, 'hex') }),
  };
}

export type Emulation =
  | { readonly kind: 'native' }
  | { readonly kind: 'emulated'; readonly handler: BinfmtHandler }
  /** There is a handler, but its emulator would have to be in every container. */
  | { readonly kind: 'not-fixed'; readonly handler: BinfmtHandler }
  | { readonly kind: 'none' };

export function emulationOf(
  platform: Platform,
  {
    host = hostPlatform(),
    handlers = readHandlers,
  }: { readonly host?: Platform; readonly handlers?: () => readonly BinfmtHandler[] } = {},
): Emulation {
  const wanted = normalise(platform);
  if (runsNatively(wanted.architecture, normalise(host).architecture)) return { kind: 'native' };
  const header = programHeader(wanted.architecture);
  const fitting = header ? handlers().filter((handler) => handler.enabled && fits(handler, header)) : [];
  const fixed = fitting.find(({ flags }) => flags.includes('F'));
  if (fixed) return { kind: 'emulated', handler: fixed };
  return fitting[0] ? { kind: 'not-fixed', handler: fitting[0] } : { kind: 'none' };
}

/** Throws `platform-unsupported`, saying what to install. */
export function requireEmulation(platform: Platform): void {
  const name = formatPlatform(platform);
  const refuse = (message: string): never => {
    throw new Failed<ExecutorFailure>({ kind: 'platform-unsupported', platform: name, message });
  };
  if (platform.os !== 'linux') refuse(`containers for ${name} cannot run here: only Linux ones can`);
  const emulation = emulationOf(platform);
  if (emulation.kind === 'none') {
    refuse(`this machine cannot run programs for ${name}; install an emulator: ${installEmulator}`);
  }
  if (emulation.kind === 'not-fixed') {
    refuse(
      `the emulator ${emulation.handler.interpreter} for ${name} is registered without the flag F, so containers ` +
        `do not see it; install one that is: ${installEmulator}`,
    );
  }
}

export const installEmulator = 'apt-get install -y qemu-user-static binfmt-support';

function runsNatively(wanted: string, host: string): boolean {
  return wanted === host || (host === 'amd64' && wanted === '386') || (host === 'arm64' && wanted === 'arm');
}

// By ELF: bits, byte order, machine.
const machines: Readonly<Record<string, readonly [bits: 32 | 64, order: 'little' | 'big', machine: number]>> = {
  '386': [32, 'little', 3],
  mips: [32, 'big', 8],
  mipsle: [32, 'little', 8],
  mips64: [64, 'big', 8],
  mips64le: [64, 'little', 8],
  ppc64: [64, 'big', 21],
  ppc64le: [64, 'little', 21],
  s390x: [64, 'big', 22],
  arm: [32, 'little', 40],
  amd64: [64, 'little', 62],
  arm64: [64, 'little', 183],
  riscv64: [64, 'little', 243],
  loong64: [64, 'little', 258],
};

/** How a program of that architecture begins. */
function programHeader(architecture: string): Buffer | undefined {
  const machine = machines[architecture];
  if (!machine) return undefined;
  const [bits, order, number] = machine;
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, order === 'little' ? 1 : 2, 1]);
  if (order === 'little') {
    header.writeUInt16LE(2, 16);
    header.writeUInt16LE(number, 18);
    header.writeUInt32LE(1, 20);
  } else {
    header.writeUInt16BE(2, 16);
    header.writeUInt16BE(number, 18);
    header.writeUInt32BE(1, 20);
  }
  return header;
}

function fits({ magic, mask, offset }: BinfmtHandler, header: Buffer): boolean {
  return magic.every((byte, i) => {
    const bits = mask?.[i] ?? 0xff;
    return ((header[offset + i] ?? 0) & bits) === (byte & bits);
  });
}
