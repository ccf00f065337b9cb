import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import { decodeCopy, encodeCopy, type CopyAction } from './copy-action.ts';
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
