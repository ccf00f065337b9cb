import {
  bigint64,
  bytes,
  int32,
  int64,
  mapOf,
  message,
  nested,
  repeated,
  string,
  uint32,
  type MessageOf,
} from '../../../proto/message.ts';

const fileRange = message({ offset: [1, int64], length: [2, int64] });

/** `ref` is that of something solved, or a container's id. */
export const readFileRequest = message({
  ref: [1, string],
  path: [2, string],
  range: [3, nested(fileRange)],
  mountIndex: [4, int32],
});

export const readFileResponse = message({ data: [1, bytes] });

export const readDirRequest = message({
  ref: [1, string],
  path: [2, string],
  includePattern: [3, string],
  mountIndex: [4, int32],
});

/** `fsutil.types.Stat`; `mode` has the bits of Go's FileMode, `modTime` is in nanoseconds. */
export const stat = message({
  path: [1, string],
  mode: [2, uint32],
  uid: [3, uint32],
  gid: [4, uint32],
  size: [5, int64],
  modTime: [6, bigint64],
  linkname: [7, string],
  devmajor: [8, int64],
  devminor: [9, int64],
  xattrs: [10, mapOf(bytes)],
});

export type StatMessage = MessageOf<typeof stat>;

export const readDirResponse = message({ entries: [1, repeated(stat)] });

export const statFileRequest = message({ ref: [1, string], path: [2, string], mountIndex: [3, int32] });

export const statFileResponse = message({ stat: [1, nested(stat)] });
