import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Failed } from '../std/failed.ts';
import type { Credentials } from './auth.ts';
import type { RegistryFailure } from './failure.ts';

/** Finds credentials by a registry's host, as `docker.io` or `localhost:5000`. */
export type CredentialsOf = (host: string) => Promise<Credentials | undefined>;

/**
 * The credentials that `docker login` keeps: `auths`, `credHelpers` and `credsStore` of config.json in `DOCKER_CONFIG`
 * or `~/.docker`. Each host is asked for once, until the file changes.
 */
export function dockerCredentials(env: Readonly<Record<string, string | undefined>> = process.env): CredentialsOf {
  const path = join(env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker'), 'config.json');
  let known: { readonly version: string; readonly config: Promise<DockerConfig> } | undefined;
  const found = new Map<string, Promise<Credentials | undefined>>();
  return async (host) => {
    const version = await versionOf(path);
    if (known?.version !== version) {
      known = { version, config: readConfig(path) };
      found.clear();
    }
    let credentials = found.get(host);
    if (!credentials) found.set(host, (credentials = known.config.then((read) => lookUp(read, { host, path, env }))));
    return credentials;
  };
}

/** Another one whenever the file may have changed. */
async function versionOf(path: string): Promise<string> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats ? `${stats.ino} ${stats.size} ${stats.mtimeNs}` : '';
}

interface DockerConfig {
  readonly auths: Readonly<Record<string, AuthEntry>>;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

interface AuthEntry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

async function readConfig(path: string): Promise<DockerConfig> {
  let json: string;
  try {
    json = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { auths: {}, credHelpers: {} };
    throw broken(path, `${path} can't be read`, error);
  }
  let config: unknown;
  try {
    config = JSON.parse(json);
  } catch {
    // The parser's own message quotes the text, which holds passwords.
    throw broken(path, `${path} is not JSON`);
  }
  if (!isRecord(config)) throw broken(path, `${path} is not a JSON object`);
  const { auths, credHelpers, credsStore } = config;
  return {
    auths: isRecord(auths) ? (auths as Record<string, AuthEntry>) : {},
    credHelpers: isRecord(credHelpers) ? (credHelpers as Record<string, string>) : {},
    ...(typeof credsStore === 'string' && credsStore !== '' && { credsStore }),
  };
}

interface LookUp {
  readonly host: string;
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

async function lookUp(config: DockerConfig, { host, path, env }: LookUp): Promise<Credentials | undefined> {
  const names = keysOf(host);
  const helper =
    names.map((name) => config.credHelpers[name]).find((value) => typeof value === 'string') ?? config.credsStore;
  if (helper) {
    for (const name of names) {
      const credentials = await askHelper(helper, name, { path, env });
      if (credentials) return credentials;
    }
  }
  const entries = new Map(Object.entries(config.auths).map(([key, entry]) => [key, entry] as const));
  const byHost = [...entries].find(([key]) => names.includes(hostOf(key)));
  const entry = names.map((name) => entries.get(name)).find(Boolean) ?? byHost?.[1];
  return isRecord(entry) ? credentialsOf(entry as AuthEntry, path) : undefined;
}

/** What entries for this host may be called; Docker Hub's is a URL for old times' sake. */
function keysOf(host: string): readonly string[] {
  if (host === 'docker.io')
    return ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io'];
  return [host, `https://${host}`];
}

function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function credentialsOf(entry: AuthEntry, path: string): Credentials | undefined {
  if (entry.identitytoken) return { kind: 'token', identityToken: entry.identitytoken };
  if (entry.auth) {
    const decoded = Buffer.from(entry.auth, 'base64').toString();
    const colon = decoded.indexOf(':');
    if (colon < 0) throw broken(path, `${path} has an "auth" that is not a user name and password`);
    const [username, password] = [decoded.slice(0, colon), decoded.slice(colon + 1).replace(/\0+$/, '')];
    return { kind: 'basic', username, password };
  }
  if (entry.username && entry.password) return { kind: 'basic', username: entry.username, password: entry.password };
  return undefined;
}

/** The credential helper protocol: the server's name in, JSON out. */
async function askHelper(
  helper: string,
  server: string,
  { path, env }: Omit<LookUp, 'host'>,
): Promise<Credentials | undefined> {
  if (!/^[A-Za-z0-9._-]+$/.test(helper))
    throw broken(path, `${path} names a credential helper that is no program name`);
  const program = `docker-credential-${helper}`;
  const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], env: env as NodeJS.ProcessEnv });
  // A helper that doesn't read its input is judged by its exit code.
  child.stdin.on('error', () => {});
  child.stdin.end(server);
  const [code, output] = await Promise.all([
    new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve)),
    text(child.stdout),
  ]).catch((error: unknown) => {
    throw broken(path, `${program}, which ${path} names, can't be run`, error);
  });
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw broken(path, `${program}, which ${path} names, failed with exit code ${code}`);
  }
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    answer = undefined;
  }
  if (!isRecord(answer) || typeof answer['Username'] !== 'string' || typeof answer['Secret'] !== 'string') {
    throw broken(path, `${program} answered with something else than credentials`);
  }
  const { Username: username, Secret: secret } = answer as { Username: string; Secret: string };
  if (secret === '') return undefined;
  return username === '<token>'
    ? { kind: 'token', identityToken: secret }
    : { kind: 'basic', username, password: secret };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function broken(path: string, message: string, cause?: unknown): Failed<RegistryFailure> {
  return new Failed<RegistryFailure>({ kind: 'docker-config', path, message }, { cause });
}
