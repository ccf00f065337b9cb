import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Failed } from '../std/failed.ts';
import { makeTempFolder } from '../std/temp.ts';
import { serveAgent } from './agent-proxy.ts';
import type { SessionFailure } from './failure.ts';
import type { SshAgent } from './session.ts';

/** An agent to lend: one that runs, or keys for one that is started when it is first wanted. */
export type SshSource =
  | { readonly kind: 'agent'; readonly id: string; readonly socket: string }
  | { readonly kind: 'keys'; readonly id: string; readonly paths: readonly string[] };

/** Reads `--ssh`: `default`, `ID=SOCKET` or `ID=KEY[,KEY…]`; without a path it is the agent at SSH_AUTH_SOCK. */
export function parseSsh(option: string, env: Readonly<Record<string, string | undefined>> = process.env): SshSource {
  const equals = option.indexOf('=');
  const id = (equals < 0 ? option : option.slice(0, equals)) || 'default';
  const paths =
    equals < 0
      ? []
      : option
          .slice(equals + 1)
          .split(',')
          .filter(Boolean);
  if (paths.length === 0) {
    const socket = env['SSH_AUTH_SOCK'];
    if (!socket)
      throw failed(id, `--ssh ${id}: SSH_AUTH_SOCK is not set; start an agent, or give a key: --ssh ${id}=FILE`);
    return { kind: 'agent', id, socket };
  }
  const sockets = paths.filter((path) => isSocket(id, path));
  if (sockets.length === 0) return { kind: 'keys', id, paths };
  if (paths.length > 1) throw failed(id, `--ssh ${id}: a socket stands alone, without other paths`);
  return { kind: 'agent', id, socket: sockets[0]! };
}

/** The agents of a session. Each use gets a socket of its own that can list keys and sign, and nothing else. */
export class SshAgents implements AsyncDisposable {
  readonly #sources: ReadonlyMap<string, SshSource>;
  readonly #started = new Map<string, Promise<SshAgent>>();

  constructor(sources: readonly SshSource[]) {
    const ids = sources.map(({ id }) => id);
    const twice = ids.find((id, i) => ids.indexOf(id) !== i);
    if (twice !== undefined) throw failed(twice, `duplicate ssh agent ID ${JSON.stringify(twice)}`);
    this.#sources = new Map(sources.map((source) => [source.id, source]));
  }

  async open(id: string, { signal }: { readonly signal: AbortSignal }): Promise<SshAgent | undefined> {
    const source = this.#sources.get(id || 'default');
    if (!source) return undefined;
    signal.throwIfAborted();
    return serveAgent(source.kind === 'agent' ? source.socket : (await this.#keyring(source)).socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const agents = await Promise.allSettled(this.#started.values());
    this.#started.clear();
    await Promise.all(agents.map((agent) => agent.status === 'fulfilled' && agent.value[Symbol.asyncDispose]()));
  }

  #keyring(source: Extract<SshSource, { kind: 'keys' }>): Promise<SshAgent> {
    let agent = this.#started.get(source.id);
    if (!agent) {
      this.#started.set(source.id, (agent = startAgent(source)));
      agent.catch(() => this.#started.delete(source.id));
    }
    return agent;
  }
}

/**
 * A private `ssh-agent` with these keys in it. It guards a `cat` that reads from us, so should this process be killed,
 * the pipe closes, `cat` ends, and the agent, which looks after what it guards, ends as well.
 */
async function startAgent({ id, paths }: Extract<SshSource, { kind: 'keys' }>): Promise<SshAgent> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(makeTempFolder({ prefix: 'monokit-ssh-' }));
  const socket = join(folder.path, 'agent');
  const child = spawn('ssh-agent', ['-a', socket, 'sh', '-c', 'echo "$SSH_AGENT_PID"; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const agentPid = await new Promise<number>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(failed(id, '--ssh with keys needs ssh-agent: apt-get install openssh-client', cause)),
    );
    child.stdout.once('data', (line: Buffer) => resolve(Number(line.toString())));
    void ended.then(() => reject(failed(id, 'ssh-agent ended at once')));
  });
  stack.defer(async () => {
    // It may keep no idle process alive, but whoever waits for its end has to be kept.
    child.ref();
    endProcess(agentPid);
    child.stdin.end();
    await ended;
  });
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref(): void }).unref();
  for (const path of paths) await addKey(id, { path, socket });
  const held = stack.move();
  return { socket, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function addKey(id: string, { path, socket }: { readonly path: string; readonly socket: string }): Promise<void> {
  const key = await readFile(path).catch((cause: unknown) => {
    throw failed(id, `the ssh key ${path} can't be read`, cause);
  });
  // By its standard input, since it refuses files that others may read, which a client's checkout may well have.
  const env = { PATH: process.env['PATH'], SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never', LC_ALL: 'C' };
  const child = spawn('ssh-add', ['-q', '-'], { stdio: ['pipe', 'ignore', 'pipe'], env, detached: true });
  child.stdin.on('error', () => {});
  child.stdin.end(key);
  const [code, said] = await Promise.all([
    new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve)),
    text(child.stderr),
  ]).catch((cause: unknown) => {
    throw failed(id, '--ssh with keys needs ssh-add: apt-get install openssh-client', cause);
  });
  if (code === 0) return;
  const why = /passphrase/i.test(said)
    ? 'it has a passphrase: add it to an ssh agent and lend that'
    : 'it is no private key';
  throw failed(id, `the ssh key ${path} can't be used: ${why}`);
}

function endProcess(pid: number): void {
  try {
    process.kill(pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function isSocket(id: string, path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch (cause) {
    throw failed(id, `--ssh ${id}: ${path} can't be read`, cause);
  }
}

function failed(id: string, message: string, cause?: unknown): Failed<SessionFailure> {
  return new Failed<SessionFailure>({ kind: 'ssh-agent', id, message }, { cause });
}
