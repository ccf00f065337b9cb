import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { openPty, setTerminalSize } from '../../packages/engine/src/sys/pty.ts';
import { bin, environment, patience, type Rig } from './rig.ts';

/** The command line at a terminal where somebody types. Disposing kills it. */
export interface AtTerminal extends Disposable {
  /** Waits until this is on the screen since the last call, and gives all that was; rejects if it never is. */
  read(until: string | RegExp): Promise<string>;
  write(keys: string): void;
  resize(size: { readonly rows: number; readonly cols: number }): void;
  readonly done: Promise<number | null>;
}

export function atTerminal(
  rig: Rig,
  args: readonly string[],
  size: { readonly rows: number; readonly cols: number },
): AtTerminal {
  return programAtTerminal(rig, [bin, ...args], size);
}

/** Any program, such as a shell that starts the command line. */
export function programAtTerminal(
  rig: Rig,
  [program, ...args]: readonly [string, ...string[]],
  size: { readonly rows: number; readonly cols: number },
): AtTerminal {
  const { controller, terminal } = openPty();
  setTerminalSize(controller, size);
  const child = spawn(program, args, {
    cwd: rig.dir,
    env: { ...environment, MONOKIT_CACHE_DIR: rig.cacheDir },
    stdio: [terminal, terminal, terminal],
    detached: true,
  });
  closeSync(terminal);
  const stream = new ReadStream(controller);
  let seen = '';
  let look = () => {};
  stream.setEncoding('utf8'); // a letter may come in two pieces
  stream.on('data', (text: string) => {
    seen += text;
    look();
  });
  // A terminal that nobody has open any more reads as an error.
  stream.on('error', () => stream.destroy());
  const done = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      stream.destroy();
      resolve(code);
    });
  });
  return {
    read: (until) =>
      new Promise((resolve, reject) => {
        const give = (how: string) => reject(new Error(`${how} without ${String(until)}:\n${seen}`));
        const timer = setTimeout(() => give('went on'), patience);
        look = () => {
          const match = typeof until === 'string' ? (seen.includes(until) ? until : undefined) : until.exec(seen)?.[0];
          if (match === undefined) return;
          clearTimeout(timer);
          const end = seen.indexOf(match) + match.length;
          const text = seen.slice(0, end);
          seen = seen.slice(end);
          look = () => {};
          resolve(text);
        };
        void done.then((code) => give(`ended with ${code}`), reject).finally(() => clearTimeout(timer));
        look();
      }),
    write: (keys) => void stream.write(keys),
    resize: (changed) => {
      setTerminalSize(controller, changed);
      // The terminal is not its session's own, so the kernel doesn't tell it.
      child.kill('SIGWINCH');
    },
    done,
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}
