import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import { invalid } from './invalid.ts';
import { decodeOwner, encodeOwner, type Owner } from './owner.ts';

/** One change of a file op. */
export type FileAction = FileActionPlace & (CopyAction | MkfileAction | MkdirAction | RmAction | SymlinkAction);

/** What an action works on. */
export interface FileActionPlace {
  /** Index of an input; from the number of inputs on, of an earlier action's result; -1 is an empty folder. */
  readonly input: number;
  /** What a copy reads, counted in the same way; -1 for none. */
  readonly secondaryInput: number;
  /** Which output of the op the result is; -1 for none. */
  readonly output: number;
}

export interface CopyAction {
  readonly kind: 'copy';
  /** Absolute path in the secondary input; may hold wildcards if `allowWildcard`. */
  readonly src: string;
  /** Absolute path; a `/` or `/.` at its end says that it is a folder. */
  readonly dest: string;
  readonly owner?: Owner;
  /** Permission bits; -1 keeps those of the source. */
  readonly mode: number;
  /** Permissions as chmod(1) takes them, `u+x,g-w`; '' where `mode` counts. */
  readonly modeText: string;
  readonly followSymlink: boolean;
  /** Whether a folder is copied by its contents alone. */
  readonly dirCopyContents: boolean;
  readonly unpackArchives: boolean;
  readonly createDestPath: boolean;
  readonly allowWildcard: boolean;
  readonly allowEmptyWildcard: boolean;
  /** Nanoseconds since 1970; -1 keeps that of the source. */
  readonly timestamp: bigint;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly alwaysReplaceExistingDestPaths: boolean;
  /** Paths that must be among what `include` selects. */
  readonly requiredPaths: readonly string[];
}

export interface MkfileAction {
  readonly kind: 'mkfile';
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
  readonly owner?: Owner;
  /** Nanoseconds since 1970; -1 is the time of the build. */
  readonly timestamp: bigint;
}

export interface MkdirAction {
  readonly kind: 'mkdir';
  readonly path: string;
  readonly mode: number;
  readonly makeParents: boolean;
  readonly owner?: Owner;
  readonly timestamp: bigint;
}

export interface RmAction {
  readonly kind: 'rm';
  readonly path: string;
  readonly allowNotFound: boolean;
  readonly allowWildcard: boolean;
}

export interface SymlinkAction {
  readonly kind: 'symlink';
  /** What the link says. */
  readonly oldpath: string;
  /** Where the link is. */
  readonly newpath: string;
  readonly owner?: Owner;
  readonly timestamp: bigint;
}

export function encodeAction(writer: Writer, action: FileAction): void {
  writer.int(1, action.input);
  writer.int(2, action.secondaryInput);
  writer.int(3, action.output);
  switch (action.kind) {
    case 'copy':
      return writer.message(4, action, encodeCopy);
    case 'mkfile':
      return writer.message(5, action, encodeMkfile);
    case 'mkdir':
      return writer.message(6, action, encodeMkdir);
    case 'rm':
      return writer.message(7, action, encodeRm);
    case 'symlink':
      return writer.message(8, action, encodeSymlink);
  }
}

export function decodeAction(reader: Reader): FileAction {
  let [input, secondaryInput, output] = [0, 0, 0];
  let action: CopyAction | MkfileAction | MkdirAction | RmAction | SymlinkAction | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        input = reader.int64();
        break;
      case 2:
        secondaryInput = reader.int64();
        break;
      case 3:
        output = reader.int64();
        break;
      case 4:
        action = reader.message(decodeCopy);
        break;
      case 5:
        action = reader.message(decodeMkfile);
        break;
      case 6:
        action = reader.message(decodeMkdir);
        break;
      case 7:
        action = reader.message(decodeRm);
        break;
      case 8:
        action = reader.message(decodeSymlink);
        break;
    }
  }
  if (!action) throw invalid('a file action of no known kind');
  return { input, secondaryInput, output, ...action };
}

function encodeCopy(writer: Writer, copy: CopyAction): void {
  writer.string(1, copy.src);
  writer.string(2, copy.dest);
  writer.message(3, copy.owner, encodeOwner);
  writer.int(4, copy.mode);
  writer.bool(5, copy.followSymlink);
  writer.bool(6, copy.dirCopyContents);
  writer.bool(7, copy.unpackArchives);
  writer.bool(8, copy.createDestPath);
  writer.bool(9, copy.allowWildcard);
  writer.bool(10, copy.allowEmptyWildcard);
  writer.int(11, copy.timestamp);
  writer.strings(12, copy.include);
  writer.strings(13, copy.exclude);
  writer.bool(14, copy.alwaysReplaceExistingDestPaths);
  writer.string(15, copy.modeText);
  writer.strings(16, copy.requiredPaths);
}

const copyFlags = {
  5: 'followSymlink',
  6: 'dirCopyContents',
  7: 'unpackArchives',
  8: 'createDestPath',
  9: 'allowWildcard',
  10: 'allowEmptyWildcard',
  14: 'alwaysReplaceExistingDestPaths',
} as const;

function decodeCopy(reader: Reader): CopyAction {
  let [src, dest, modeText, mode, timestamp] = ['', '', '', 0, 0n];
  let owner: Owner | undefined;
  const include: string[] = [];
  const exclude: string[] = [];
  const requiredPaths: string[] = [];
  const flags = {
    followSymlink: false,
    dirCopyContents: false,
    unpackArchives: false,
    createDestPath: false,
    allowWildcard: false,
    allowEmptyWildcard: false,
    alwaysReplaceExistingDestPaths: false,
  };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        src = reader.string();
        break;
      case 2:
        dest = reader.string();
        break;
      case 3:
        owner = reader.message(decodeOwner);
        break;
      case 4:
        mode = reader.int32();
        break;
      case 5:
      case 6:
      case 7:
      case 8:
      case 9:
      case 10:
      case 14:
        flags[copyFlags[reader.field]] = reader.bool();
        break;
      case 11:
        timestamp = reader.bigint64();
        break;
      case 12:
        include.push(reader.string());
        break;
      case 13:
        exclude.push(reader.string());
        break;
      case 15:
        modeText = reader.string();
        break;
      case 16:
        requiredPaths.push(reader.string());
        break;
    }
  }
  return {
    kind: 'copy',
    src,
    dest,
    ...(owner && { owner }),
    mode,
    modeText,
    ...flags,
    timestamp,
    include,
    exclude,
    requiredPaths,
  };
}

function encodeMkfile(writer: Writer, mkfile: MkfileAction): void {
  writer.string(1, mkfile.path);
  writer.int(2, mkfile.mode);
  writer.bytes(3, mkfile.data);
  writer.message(4, mkfile.owner, encodeOwner);
  writer.int(5, mkfile.timestamp);
}

function decodeMkfile(reader: Reader): MkfileAction {
  let [path, mode, timestamp] = ['', 0, 0n];
  let data: Uint8Array = new Uint8Array();
  let owner: Owner | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        path = reader.string();
        break;
      case 2:
        mode = reader.int32();
        break;
      case 3:
        data = reader.bytes();
        break;
      case 4:
        owner = reader.message(decodeOwner);
        break;
      case 5:
        timestamp = reader.bigint64();
        break;
    }
  }
  return { kind: 'mkfile', path, mode, data, ...(owner && { owner }), timestamp };
}

function encodeMkdir(writer: Writer, mkdir: MkdirAction): void {
  writer.string(1, mkdir.path);
  writer.int(2, mkdir.mode);
  writer.bool(3, mkdir.makeParents);
  writer.message(4, mkdir.owner, encodeOwner);
  writer.int(5, mkdir.timestamp);
}

function decodeMkdir(reader: Reader): MkdirAction {
  let [path, mode, makeParents, timestamp] = ['', 0, false, 0n];
  let owner: Owner | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        path = reader.string();
        break;
      case 2:
        mode = reader.int32();
        break;
      case 3:
        makeParents = reader.bool();
        break;
      case 4:
        owner = reader.message(decodeOwner);
        break;
      case 5:
        timestamp = reader.bigint64();
        break;
    }
  }
  return { kind: 'mkdir', path, mode, makeParents, ...(owner && { owner }), timestamp };
}

function encodeRm(writer: Writer, rm: RmAction): void {
  writer.string(1, rm.path);
  writer.bool(2, rm.allowNotFound);
  writer.bool(3, rm.allowWildcard);
}

function decodeRm(reader: Reader): RmAction {
  let [path, allowNotFound, allowWildcard] = ['', false, false];
  while (reader.next()) {
    if (reader.field === 1) path = reader.string();
    else if (reader.field === 2) allowNotFound = reader.bool();
    else if (reader.field === 3) allowWildcard = reader.bool();
  }
  return { kind: 'rm', path, allowNotFound, allowWildcard };
}

function encodeSymlink(writer: Writer, symlink: SymlinkAction): void {
  writer.string(1, symlink.oldpath);
  writer.string(2, symlink.newpath);
  writer.message(3, symlink.owner, encodeOwner);
  writer.int(4, symlink.timestamp);
}

function decodeSymlink(reader: Reader): SymlinkAction {
  let [oldpath, newpath, timestamp] = ['', '', 0n];
  let owner: Owner | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        oldpath = reader.string();
        break;
      case 2:
        newpath = reader.string();
        break;
      case 3:
        owner = reader.message(decodeOwner);
        break;
      case 4:
        timestamp = reader.bigint64();
        break;
    }
  }
  return { kind: 'symlink', oldpath, newpath, ...(owner && { owner }), timestamp };
}
