import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Debian's `docker-registry` on loopback, empty at its start. */
export interface DebianRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** The file that it keeps a blob in. */
  blob(digest: string): string;
}

/** Starts one; fails with what to install where it is missing. */
export async function startDebianRegistry(): Promise<DebianRegistry> {
  if (spawnSync('docker-registry', ['--version']).error) {
    throw new Error('this test needs docker-registry: apt-get install -y docker-registry');
  }
  const folder = await mkdtemp(join(tmpdir(), 'docker-registry-'));
  const config = {
    version: 0.1,
    log: { accesslog: { disabled: true }, level: 'info' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: '127.0.0.1:0' },
  };
  // JSON is YAML.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const said: string[] = [];
  const host = await new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      const at = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (at !== undefined) resolve(at);
    });
    void ended.then(() => reject(new Error(`docker-registry ended:\n${said.join('\n')}`)));
  });
  return {
    host,
    blob(digest) {
      const hex = digest.slice('sha256:'.length);
      return join(folder, 'data/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
