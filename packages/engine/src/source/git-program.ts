// The system's `git`, kept to itself: no configuration of the machine's or the user's, no hooks, no prompts, and no
// transports but those that fetch from a server (and our own `file://` to a repository of ours).

import { spawn } from 'node:child_process';
import { Failed } from '../std/failed.ts';
import { redacted } from '../std/redacted.ts';
import type { SourceFailure } from './failure.ts';

export interface GitOptions {
  readonly remote: string;
  readonly signal: AbortSignal;
  /** Told what git says to people, without credentials. */
  readonly log: (data: Uint8Array) => void;
  /** Settings with secrets in them; they go by the environment, which others can't read. */
  readonly config?: Readonly<Record<string, string>>;
  readonly sshAgent?: string | undefined;
  /** A file of host keys; without one, hosts are taken as they come. */
  readonly knownHosts?: string | undefined;
}

export interface GitPlace {
  readonly gitDir?: string;
  readonly workTree?: string;
}

/** How `git` failed: `said` is its standard error, in English and without credentials. */
class GitFailed extends Failed<Extract<SourceFailure, { kind: 'git-failed' }>> {
  get said(): string {
    return this.failure.stderr;
  }
}

const settings = [
  'protocol.allow=never',
  'protocol.http.allow=always',
  'protocol.https.allow=always',
  'protocol.ssh.allow=always',
  'protocol.git.allow=always',
  // For what we ask ourselves; a submodule must not name a file.
  'protocol.file.allow=user',
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'init.defaultBranch=master',
  'advice.detachedHead=false',
  'gc.auto=0',
  'safe.directory=*',
].flatMap((setting) => ['-c', setting]);

const outputLimit = 64 * 1024 * 1024;

export class Git {
  readonly #options: GitOptions;

  constructor(options: GitOptions) {
    this.#options = options;
  }

  /** Standard output as text. What a server's protocol is too old for (shallow fetches, commits by hash) is asked without. */
  async run(args: readonly string[], place: GitPlace = {}): Promise<string> {
    for (let asked = args; ;) {
      try {
        return await this.#once(asked, place);
      } catch (error) {
        const simpler = error instanceof GitFailed ? withoutNews(asked, error.said) : asked;
        if (simpler.length === asked.length) throw error;
        asked = simpler;
      }
    }
  }

  /** Whether it succeeds, for questions that git answers by its exit code. */
  async succeeds(args: readonly string[], place: GitPlace): Promise<boolean> {
    try {
      await this.#once(args, place, { quiet: true });
      return true;
    } catch (error) {
      if (error instanceof GitFailed) return false;
      throw error;
    }
  }

  async #once(args: readonly string[], place: GitPlace, { quiet = false } = {}): Promise<string> {
    const { signal, remote, log } = this.#options;
    signal.throwIfAborted();
    const { gitDir, workTree } = place;
    const where = [...(workTree ? ['--work-tree', workTree] : []), ...(gitDir ? ['--git-dir', gitDir] : [])];
    // A group of its own: git's helpers have to end with it. Files get modes as git means them, whatever our umask is.
    const child = spawn('/bin/sh', ['-c', 'umask 022 && exec git "$@"', 'git', ...settings, ...where, ...args], {
      cwd: workTree ?? gitDir ?? '/',
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const stop = () => kill(child.pid, 'SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data: Buffer) => {
      if ((stdout += data.toString()).length > outputLimit) kill(child.pid, 'SIGKILL');
    });
    child.stderr.on('data', (data: Buffer) => {
      const text = redacted(data.toString());
      stderr = (stderr + text).slice(-64 * 1024);
      if (!quiet) log(Buffer.from(text));
    });
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject).once('close', (code) => resolve(code));
      });
      signal.throwIfAborted();
      if (code === 0) return stdout;
      const missing = code === 127;
      const message = missing
        ? 'git sources need the program git: apt-get install git'
        : `git ${args[0]} of ${redacted(remote)} failed: ${lastLine(stderr) || `exit code ${code}`}`;
      throw new GitFailed({ kind: 'git-failed', remote: redacted(remote), stderr, message });
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #environment(): Record<string, string> {
    const { config = {}, sshAgent, knownHosts } = this.#options;
    const host = knownHosts === undefined ? '-o StrictHostKeyChecking=no' : `-o UserKnownHostsFile='${knownHosts}'`;
    const inherited = ['PATH', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO'];
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY']) inherited.push(name, name.toLowerCase());
    const env: Record<string, string> = {
      LC_ALL: 'C',
      HOME: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      GIT_SSH_COMMAND: `ssh -F /dev/null -o BatchMode=yes ${host}`,
      GIT_CONFIG_COUNT: String(Object.keys(config).length),
    };
    for (const name of inherited) {
      const value = process.env[name];
      if (value !== undefined) env[name] = value;
    }
    for (const [i, [key, value]] of Object.entries(config).entries()) {
      env[`GIT_CONFIG_KEY_${i}`] = key;
      env[`GIT_CONFIG_VALUE_${i}`] = value;
    }
    if (sshAgent !== undefined) env['SSH_AUTH_SOCK'] = sshAgent;
    return env;
  }
}

/** The command without what the server (or the protocol: plain HTTP files) said it can't do. */
function withoutNews(args: readonly string[], said: string): readonly string[] {
  const shallow = said.includes('--depth') || said.includes('shallow');
  if (shallow && args.includes('--depth=1')) return args.filter((arg) => arg !== '--depth=1');
  const unknown =
    said.includes('not our ref') || said.includes('unadvertised object') || said.includes('no such remote ref');
  const last = args.at(-1) ?? '';
  return unknown && args[0] === 'fetch' && /^[0-9a-f]{40,64}$/.test(last) ? args.slice(0, -1) : args;
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split('\n')
      .findLast((line) => /^(?:fatal|error)/.test(line)) ??
    text.trim().split('\n').at(-1) ??
    ''
  );
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
