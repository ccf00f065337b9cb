// Pseudo-terminals: https://man7.org/linux/man-pages/man7/pty.7.html

import { closeSync, constants, openSync } from 'node:fs';
import { bind, check } from './library.ts';
import { O_CLOEXEC } from './openat2.ts';

const grantptCall = bind<[number]>('int grantpt(int fd)');
const unlockptCall = bind<[number]>('int unlockpt(int fd)');
const ptsnameCall = bind<[number, Buffer, number]>('int ptsname_r(int fd, _Out_ uint8_t *buf, size_t size)');
const ioctlCall = bind<[number, number, Uint16Array]>('int ioctl(int fd, unsigned long request, uint16_t *size)');

const TIOCSWINSZ = 0x5414;

/** Both ends of a terminal: what a process is given, and what whoever sits at it has. No child inherits either. */
export function openPty(): { readonly controller: number; readonly terminal: number } {
  const controller = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | O_CLOEXEC);
  try {
    check(grantptCall(controller), 'grantpt');
    check(unlockptCall(controller), 'unlockpt');
    const name = Buffer.alloc(64);
    check(ptsnameCall(controller, name, name.length), 'ptsname');
    const path = name.toString('latin1', 0, name.indexOf(0));
    return { controller, terminal: openSync(path, constants.O_RDWR | constants.O_NOCTTY | O_CLOEXEC) };
  } catch (error) {
    closeSync(controller);
    throw error;
  }
}

/** Tells a terminal's size, and its processes that it changed. */
export function setTerminalSize(fd: number, { rows, cols }: { readonly rows: number; readonly cols: number }): void {
  check(ioctlCall(fd, TIOCSWINSZ, Uint16Array.of(rows, cols, 0, 0)), 'ioctl');
}
