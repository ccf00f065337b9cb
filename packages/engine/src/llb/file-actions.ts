import type { State } from './state.ts';

/** Whom new files belong to: `'user[:group]'` by name or number, or numbers. */
export type OwnerOption = string | { readonly user?: number | string; readonly group?: number | string };

export interface MkdirOptions {
  /** Permission bits, 0o755 if left out. */
  readonly mode?: number | undefined;
  readonly parents?: boolean | undefined;
  readonly owner?: OwnerOption | undefined;
  readonly createdTime?: CreatedTime | undefined;
}

export interface MkfileOptions {
  /** Permission bits, 0o644 if left out. */
  readonly mode?: number | undefined;
  readonly owner?: OwnerOption | undefined;
  readonly createdTime?: CreatedTime | undefined;
}

export interface SymlinkOptions {
  readonly owner?: OwnerOption | undefined;
  readonly createdTime?: CreatedTime | undefined;
}

export interface RmOptions {
  readonly allowNotFound?: boolean | undefined;
  readonly allowWildcard?: boolean | undefined;
}

export interface CopyOptions {
  /** Permission bits, or text as chmod(1) takes it; those of the source if left out. */
  readonly mode?: number | string | undefined;
  readonly owner?: OwnerOption | undefined;
  readonly createdTime?: CreatedTime | undefined;
  readonly followSymlinks?: boolean | undefined;
  /** Copy a folder by its contents alone. */
  readonly dirContentsOnly?: boolean | undefined;
  /** Unpack archives, as ADD does. */
  readonly unpack?: boolean | undefined;
  readonly createDestPath?: boolean | undefined;
  readonly allowWildcard?: boolean | undefined;
  /** Whether a wildcard that matches nothing is no failure. */
  readonly allowEmptyWildcard?: boolean | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Paths that must be among what `include` selects. */
  readonly requiredPaths?: readonly string[] | undefined;
  /** Replace what stands at the destination even if it is of another kind. */
  readonly alwaysReplaceExisting?: boolean | undefined;
}

/** A time for new files; a bigint counts nanoseconds since 1970. */
export type CreatedTime = Date | bigint;

/** What a copy reads: a state, or the result of actions on one (`FileActions.on`). */
export type CopySource = State | BoundActions;

/** Starts a chain of actions. Relative paths start at the state's `dir`. */
export function mkdir(path: string, options: MkdirOptions = {}): FileActions {
  return new FileActions({ kind: 'mkdir', path, options });
}

export function mkfile(path: string, data: string | Uint8Array, options: MkfileOptions = {}): FileActions {
  return new FileActions({ kind: 'mkfile', path, data, options });
}

/** A link at `newpath` that says `oldpath`, both taken as they are written. */
export function symlink(oldpath: string, newpath: string, options: SymlinkOptions = {}): FileActions {
  return new FileActions({ kind: 'symlink', oldpath, newpath, options });
}

export function rm(path: string, options: RmOptions = {}): FileActions {
  return new FileActions({ kind: 'rm', path, options });
}

/** Copies `src` of another state; a relative one starts at that state's `dir`. */
export function copy(from: CopySource, src: string, dest: string, options: CopyOptions = {}): FileActions {
  return new FileActions({ kind: 'copy', from, src, dest, options });
}

/** Actions in a row, immutable. `state.file(…)` makes them one vertex. */
export class FileActions {
  readonly step: ActionStep;
  readonly before: FileActions | undefined;

  constructor(step: ActionStep, before?: FileActions) {
    this.step = step;
    this.before = before;
  }

  mkdir(path: string, options: MkdirOptions = {}): FileActions {
    return new FileActions({ kind: 'mkdir', path, options }, this);
  }

  mkfile(path: string, data: string | Uint8Array, options: MkfileOptions = {}): FileActions {
    return new FileActions({ kind: 'mkfile', path, data, options }, this);
  }

  symlink(oldpath: string, newpath: string, options: SymlinkOptions = {}): FileActions {
    return new FileActions({ kind: 'symlink', oldpath, newpath, options }, this);
  }

  rm(path: string, options: RmOptions = {}): FileActions {
    return new FileActions({ kind: 'rm', path, options }, this);
  }

  copy(from: CopySource, src: string, dest: string, options: CopyOptions = {}): FileActions {
    return new FileActions({ kind: 'copy', from, src, dest, options }, this);
  }

  /** These actions on a state, for a copy in the same vertex to read from. */
  on(state: State): BoundActions {
    return { kind: 'bound', actions: this, state };
  }
}

export interface BoundActions {
  readonly kind: 'bound';
  readonly actions: FileActions;
  readonly state: State;
}

/** One action as it was asked for. */
export type ActionStep =
  | { readonly kind: 'mkdir'; readonly path: string; readonly options: MkdirOptions }
  | {
      readonly kind: 'mkfile';
      readonly path: string;
      readonly data: string | Uint8Array;
      readonly options: MkfileOptions;
    }
  | { readonly kind: 'symlink'; readonly oldpath: string; readonly newpath: string; readonly options: SymlinkOptions }
  | { readonly kind: 'rm'; readonly path: string; readonly options: RmOptions }
  | {
      readonly kind: 'copy';
      readonly from: CopySource;
      readonly src: string;
      readonly dest: string;
      readonly options: CopyOptions;
    };
