// Terminals that pass on every byte: https://man7.org/linux/man-pages/man3/termios.3.html

import { bind, check } from './library.ts';

const tcgetattrCall = bind<[number, Buffer]>('int tcgetattr(int fd, _Out_ uint8_t *settings)');
const tcsetattrCall = bind<[number, number, Buffer]>('int tcsetattr(int fd, int when, const uint8_t *settings)');
const cfmakerawCall = bind<[Buffer]>('void cfmakeraw(_Inout_ uint8_t *settings)');

const TCSADRAIN = 1;
/** More than any C library's struct termios. */
const settingsSize = 256;

/**
 * Lets a terminal hand on what is typed and written as it is, until disposed. Node's own raw mode still puts a carriage
 * return before each newline that is written, which spoils the screens of programs that move the cursor by newlines.
 */
export function rawTerminal(fd: number): Disposable {
  const before = Buffer.alloc(settingsSize);
  check(tcgetattrCall(fd, before), 'tcgetattr');
  const raw = Buffer.from(before);
  cfmakerawCall(raw);
  check(tcsetattrCall(fd, TCSADRAIN, raw), 'tcsetattr');
  return { [Symbol.dispose]: () => void check(tcsetattrCall(fd, TCSADRAIN, before), 'tcsetattr') };
}
