// The home of koffi. It is loaded by the first call that is made, not by an import: many builds need no system call.

import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';

/** A path as Node takes it; bytes where a name may be no UTF-8. */
export type PathArgument = string | Buffer;

type Koffi = typeof import('koffi');

let loaded: { readonly koffi: Koffi; readonly libc: ReturnType<Koffi['load']> } | undefined;

export function native(): { readonly koffi: Koffi; readonly libc: ReturnType<Koffi['load']> } {
  if (!loaded) {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    loaded = { koffi, libc: koffi.load(null) };
  }
  return loaded;
}

/** Binds a function of libc by its C declaration when it is first called. */
export function bind<A extends readonly unknown[]>(declaration: string): (...args: A) => number {
  let bound: ((...args: A) => number) | undefined;
  return (...args) => (bound ??= native().libc.func(declaration) as unknown as (...args: A) => number)(...args);
}

/** What the last call that failed left in errno. Ask before anything else is called. */
export function lastErrno(): number {
  return native().koffi.errno();
}

/** A system call's failure in the shape of Node's own (`code` is `ENOSPC`, `ENOENT` and so on), so both are told alike. */
export class SystemError extends Error implements NodeJS.ErrnoException {
  readonly code: string;
  /** Negative, as Node gives it. */
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
  readonly dest?: string;

  constructor(
    syscall: string,
    errno: number,
    paths: { readonly path?: PathArgument; readonly dest?: PathArgument } = {},
  ) {
    const [code, reason] = getSystemErrorMap().get(-errno) ?? [`E${errno}`, `error ${errno}`];
    const places = [paths.path, paths.dest].filter((path) => path !== undefined);
    super(`${code}: ${reason}, ${syscall}${places.length > 0 ? ` '${places.join("' -> '")}'` : ''}`);
    this.name = 'SystemError';
    this.code = code;
    this.errno = -errno;
    this.syscall = syscall;
    if (paths.path !== undefined) this.path = String(paths.path);
    if (paths.dest !== undefined) this.dest = String(paths.dest);
  }
}

/** Throws the `SystemError` of a call that gave -1. */
export function check(result: number, syscall: string, path?: PathArgument, dest?: PathArgument): number {
  if (result !== -1) return result;
  throw new SystemError(syscall, lastErrno(), {
    ...(path !== undefined && { path }),
    ...(dest !== undefined && { dest }),
  });
}

/** The path as C reads it. A NUL inside would cut it short silently, so it is refused. */
export function cString(text: PathArgument): PathArgument {
  if (typeof text === 'string') {
    if (text.includes('\0')) throw new TypeError(`a path must not hold a NUL byte: ${JSON.stringify(text)}`);
    return text;
  }
  if (text.includes(0)) throw new TypeError(`a path must not hold a NUL byte: ${JSON.stringify(text.toString())}`);
  return Buffer.concat([text, terminator]);
}

const terminator = Buffer.alloc(1);
