import {
  bool,
  bytes,
  message,
  nested,
  repeated,
  string,
  uint32,
  uint32s,
  type MessageOf,
} from '../../../proto/message.ts';
import { statusMessage } from '../../../rpc/status.ts';
import { execMeta, hostIp, mount, network, platform, secretEnv, security } from './llb.ts';

export const newContainerRequest = message({
  containerId: [1, string],
  mounts: [2, repeated(mount)],
  network: [3, network],
  platform: [4, nested(platform)],
  extraHosts: [6, repeated(hostIp)],
  hostname: [7, string],
});

export type NewContainerRequest = MessageOf<typeof newContainerRequest>;

export const releaseContainerRequest = message({ containerId: [1, string] });

const init = message({
  containerId: [1, string],
  meta: [2, nested(execMeta)],
  /** 0 is read by the process, 1 and 2 are written by it. */
  fds: [3, uint32s],
  tty: [4, bool],
  security: [5, security],
  secretEnv: [6, repeated(secretEnv)],
});

const file = message({ fd: [1, uint32], eof: [2, bool], data: [3, bytes] });
const resize = message({ rows: [1, uint32], cols: [2, uint32] });
const exit = message({ code: [1, uint32], error: [2, nested(statusMessage)] });
const signal = message({ name: [1, string] });
const empty = message({});

/** What is said of one process; one of the members after its id. */
export const execMessage = message({
  processId: [1, string],
  init: [2, nested(init)],
  file: [3, nested(file)],
  resize: [4, nested(resize)],
  started: [5, nested(empty)],
  exit: [6, nested(exit)],
  /** The last that is said of it. */
  done: [7, nested(empty)],
  signal: [8, nested(signal)],
});

export type ExecMessage = MessageOf<typeof execMessage>;
export type InitMessage = MessageOf<typeof init>;

/** The exit code of what ended otherwise than by exiting. */
export const unknownExit = 255;
