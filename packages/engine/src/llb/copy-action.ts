import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import { decodeOwner, encodeOwner, type Owner } from './owner.ts';

/** What a file op copies from one tree into another. */
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

export function encodeCopy(writer: Writer, copy: CopyAction): void {
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

export function decodeCopy(reader: Reader): CopyAction {
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
