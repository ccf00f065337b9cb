// What a runtime's process reads and writes: pipes, or a terminal. Node's own pipes are sockets, which a process cannot
// open anew by /dev/stdin and the like.

import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { openPipe } from '../sys/pipe.ts';
import { openPty, setTerminalSize } from '../sys/pty.ts';
import type { ProcessIo, TerminalSize } from './executor.ts';

export interface ProcessStreams {
  /** For `spawn`; closed by `started`. */
  readonly stdio: readonly ['ignore' | number, number, number];
  /** The child has its ends: ours of them are closed. */
  started(): void;
  /** Resolves when all that was written has been passed on. */
  readonly ended: Promise<void>;
  /** The process has ended: nobody reads any more. */
  exited(): void;
  resize(size: TerminalSize): void;
}

export function openStreams(io: ProcessIo): ProcessStreams {
  return io.terminal ? openTerminal(io, io.terminal) : openPipes(io);
}

function openPipes({ stdin, stdout, stderr }: ProcessIo): ProcessStreams {
  const [out, err] = [openPipe(), openPipe()];
  const ended = Promise.all([readAll(out.read, stdout), readAll(err.read, stderr)]).then(() => {});
  const read = stdin && openPipe();
  const feed = read && new Socket({ fd: read.write, readable: false, writable: true });
  if (feed) feedFrom(stdin!, feed);
  return {
    stdio: [read?.read ?? 'ignore', out.write, err.write],
    started: () => [read?.read, out.write, err.write].forEach((fd) => fd !== undefined && closeSync(fd)),
    ended,
    exited: () => feed?.destroy(),
    resize: () => {},
  };
}

function openTerminal({ stdin, stdout }: ProcessIo, size: TerminalSize): ProcessStreams {
  const { controller, terminal } = openPty();
  setTerminalSize(controller, size);
  const stream = new ReadStream(controller);
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('data', stdout);
    // A terminal that nobody has open any more reads as an error.
    stream.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EIO' ? stream.destroy() : reject(error)));
    stream.once('close', () => resolve());
  });
  if (stdin) feedFrom(stdin, stream, { end: false });
  return {
    stdio: [terminal, terminal, terminal],
    started: () => closeSync(terminal),
    ended,
    exited: () => {},
    resize: (changed) => !stream.destroyed && setTerminalSize(controller, changed),
  };
}

/** Writes to a process what there is for it; a process that does not read is none that fails. */
function feedFrom(stdin: Readable, to: Socket, options?: { readonly end: boolean }): void {
  to.on('error', () => to.destroy());
  to.once('close', () => stdin.unpipe(to));
  stdin.pipe(to, options);
}

function readAll(fd: number, onData: (data: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new Socket({ fd, readable: true, writable: false });
    socket.on('data', onData);
    socket.once('error', reject);
    socket.once('close', () => resolve());
  });
}
