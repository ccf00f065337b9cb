// What a stage takes from the caller, noted while it is converted, to tell of it when an outline is asked for.

import type { Range } from '../../std/diagnostic.ts';

/** A build argument as declared. */
export interface AskedArg {
  readonly key: string;
  /** As given or by default, expanded. */
  readonly value: string | undefined;
  readonly description: string;
  readonly range: Range;
}

/** Something that a RUN mounts by name. */
export interface AskedMount {
  readonly id: string;
  readonly required: boolean;
  readonly range: Range;
}

export class Asked {
  /** Names that the stage uses: those that its FROM expands, and those that it declares. */
  readonly names = new Set<string>();
  /** Those that the stage declares with a value of their own, where a bare `ARG x` means the global one. */
  readonly args = new Map<string, AskedArg>();
  readonly secret = new Map<string, AskedMount>();
  readonly ssh = new Map<string, AskedMount>();
  readonly cache = new Map<string, AskedMount>();

  /** Notes a mount; the first that names a thing tells of it. */
  mount(kind: 'secret' | 'ssh' | 'cache', mount: AskedMount): void {
    if (!this[kind].has(mount.id)) this[kind].set(mount.id, mount);
  }
}
