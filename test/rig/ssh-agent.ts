import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from './program.ts';

/** An `ssh-agent` with one key. */
export interface TestAgent extends AsyncDisposable {
  readonly socket: string;
  /** What `ssh-add -L` says of it: the public key. */
  readonly publicKey: string;
}

export async function startAgent(): Promise<TestAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'monokit-agent-'));
  const socket = join(folder, 'agent');
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once('error', () => reject(new Error('this test needs ssh-agent; sh scripts/setup.sh test installs it')));
    child.stdout.once('data', () => resolve()); // it says where it listens
    void ended.then(() => reject(new Error('ssh-agent ended')));
  });
  const env = { SSH_AUTH_SOCK: socket };
  await program('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', join(folder, 'key')]);
  await program('ssh-add', ['-q', join(folder, 'key')], env);
  return {
    socket,
    publicKey: (await program('ssh-add', ['-L'], env)).trim(),
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
