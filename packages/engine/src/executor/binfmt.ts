// Handlers that the kernel has for programs that it cannot run itself (binfmt_misc).

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { headerMask, programHeader } from './foreign-program.ts';

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

/** The handlers that take an architecture's programs. */
export function handlersOf(architecture: string, folder = handlersFolder): BinfmtHandler[] {
  const header = programHeader(architecture);
  return header ? readHandlers(folder).filter((handler) => handler.enabled && fits(handler, header)) : [];
}

function readHandlers(folder: string): BinfmtHandler[] {
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

function fits({ magic, mask, offset }: BinfmtHandler, header: Buffer): boolean {
  return magic.every((byte, i) => {
    const bits = mask?.[i] ?? 0xff;
    return ((header[offset + i] ?? 0) & bits) === (byte & bits);
  });
}

/**
 * What is written to `register` for an emulator of an architecture's programs: with argv[0] as it was given (P), the
 * rights of the program and not of the emulator (C, O), and the emulator opened now (F). Undefined where we don't know
 * such programs, and where the emulator's path cannot be told to the kernel.
 */
export function registration(architecture: string, interpreter: string): string | undefined {
  const header = programHeader(architecture);
  if (!header || interpreter.includes(':') || interpreter.length > 127) return undefined;
  const escaped = (bytes: Buffer) => [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  const magic = header.subarray(0, 20);
  return `:${architecture}:M::${escaped(magic)}:${escaped(headerMask(architecture))}:${interpreter}:POCF`;
}
