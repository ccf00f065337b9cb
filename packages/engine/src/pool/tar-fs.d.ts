// What plain-tar.ts uses of tar-fs, which comes without types.
declare module 'tar-fs' {
  import type { Writable } from 'node:stream';

  export interface Header {
    name: string;
    type: string;
    mode: number;
    mtime: Date;
    pax?: Readonly<Record<string, string>> | null;
  }

  export interface ExtractOptions {
    /** Changes an entry before it is written, or takes note of it. */
    map?(header: Header): Header;
    /** Whether an entry is left out. */
    ignore?(name: string, header: Header): boolean;
    umask?: number;
    validateSymlinks?: boolean;
  }

  export function extract(folder: string, options?: ExtractOptions): Writable;
}
