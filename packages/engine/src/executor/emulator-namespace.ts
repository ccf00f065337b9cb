// A user namespace in which the kernel runs foreign programs by emulators of ours. It has the machine's own users, and
// since Linux 6.7 handlers of its own (binfmt_misc), which are gone with it: the rest of the machine sees none of them.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { registration } from './binfmt.ts';
import { programPath } from './runtime.ts';
import { everyId } from './spec.ts';

// Waits until it is somebody here, mounts, and keeps the mount until the engine has gone.
const script = `
trap '' HUP INT QUIT TERM PIPE
echo made
read -r _ || exit
mount -t binfmt_misc binfmt_misc "$1" || exit
echo mounted
read -r _
`;

export class EmulatorNamespace implements AsyncDisposable {
  readonly #shell: ChildProcess;
  readonly #ended: Promise<void>;
  /** Where its handlers are registered, as seen from here. */
  readonly #handlers: string;
  readonly #registered = new Set<string>();

  /** Fails with a plain error where the kernel has no such thing. `folder` is made. */
  static async open(folder: string): Promise<EmulatorNamespace> {
    mkdirSync(folder);
    const unshare = programPath('unshare');
    if (unshare === undefined) throw new Error('there is no unshare; install it: apt-get install -y util-linux');
    await using stack = new AsyncDisposableStack();
    const shell = spawn(unshare, ['--user', '--mount', '/bin/sh', '-c', script, 'sh', folder], {
      cwd: '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const namespace = stack.use(new EmulatorNamespace(shell, folder));
    const lines = createInterface(shell.stdout)[Symbol.asyncIterator]();
    let complaint = '';
    shell.stderr.on('data', (data: Buffer) => (complaint += data.toString()));
    const expect = async (word: string) => {
      if ((await lines.next()).value === word) return;
      await namespace.#ended;
      throw new Error(complaint.trim() || 'no namespace could be made');
    };
    await expect('made');
    const { containerID, hostID, size } = everyId;
    for (const map of ['uid_map', 'gid_map']) {
      writeFileSync(`/proc/${shell.pid}/${map}`, `${containerID} ${hostID} ${size}\n`);
    }
    shell.stdin.write('\n');
    await expect('mounted');
    stack.move();
    return namespace;
  }

  private constructor(shell: ChildProcess, folder: string) {
    this.#shell = shell;
    this.#ended = new Promise((resolve) => {
      shell.once('close', () => resolve());
      shell.once('error', () => resolve());
    });
    shell.stdin!.on('error', () => {}); // it has ended, which is told by its output
    this.#handlers = `/proc/${shell.pid}/root${folder}`;
  }

  /** For a runtime to join. */
  get path(): string {
    return `/proc/${this.#shell.pid}/ns/user`;
  }

  /** From now on programs of that architecture run by this emulator. */
  register(architecture: string, interpreter: string): void {
    if (this.#registered.has(architecture)) return;
    const line = registration(architecture, interpreter);
    if (line === undefined) throw new Error(`the kernel cannot be told of ${interpreter} for ${architecture}`);
    writeFileSync(join(this.#handlers, 'register'), line);
    this.#registered.add(architecture);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shell.stdin!.end();
    await this.#ended;
  }
}
