import { closeSync, readSync } from 'node:fs';
import { bind, check, cString, native } from './library.ts';

const initCall = bind<[number]>('int inotify_init1(int flags)');
const addCall = bind<[number, string, number]>('int inotify_add_watch(int fd, const char *path, uint32_t mask)');

const IN_NONBLOCK = 0o4000;
const IN_CLOEXEC = 0o2000000;
const IN_CLOSE_WRITE = 0x8;

/** Calls back whenever somebody who had `path` open for writing closes it (also by dying). Disposing ends that. */
export function onClosed(path: string, callback: () => void): Disposable {
  const fd = check(initCall(IN_NONBLOCK | IN_CLOEXEC), 'inotify_init1');
  try {
    check(addCall(fd, cString(path) as string, IN_CLOSE_WRITE), 'inotify_add_watch', path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  const events = Buffer.alloc(4096);
  const handle = native().koffi.node.poll(fd, { readable: true }, () => {
    readSync(fd, events);
    callback();
  });
  return {
    [Symbol.dispose]() {
      handle.stop();
      handle.close();
      closeSync(fd);
    },
  };
}
