// Where the Docker daemon is: DOCKER_HOST, else the chosen docker context, else the usual socket; as docker's own
// command line has it.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Failed } from '../std/failed.ts';
import type { LoaderFailure } from './failure.ts';

export type DockerHost =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: Tls };

/** In PEM. */
export interface Tls {
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
  readonly rejectUnauthorized: boolean;
}

/** Throws `loader-missing` for what can't be reached from here. */
export function findDockerHost({
  env,
  context,
}: {
  readonly env: NodeJS.ProcessEnv;
  readonly context?: string;
}): DockerHost {
  const folder = env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
  const given = context === undefined ? env['DOCKER_HOST'] : undefined;
  if (given) return parseHost(given, 'DOCKER_HOST', () => tlsOfEnvironment(env, folder));
  const name = context ?? (env['DOCKER_CONTEXT'] || currentContext(folder));
  if (!name || name === 'default') return { kind: 'socket', path: '/var/run/docker.sock' };
  return hostOfContext(name, folder);
}

function parseHost(text: string, where: string, tls: () => Tls | undefined): DockerHost {
  const [, scheme, rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === 'unix') return { kind: 'socket', path: rest || '/var/run/docker.sock' };
  if (scheme === 'tcp' || scheme === 'http' || scheme === 'https') {
    const found = tls() ?? (scheme === 'https' ? { rejectUnauthorized: true } : undefined);
    const { hostname, port } = new URL(`http://${rest}`);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    return { kind: 'tcp', host, port: Number(port || (found ? 2376 : 2375)), ...(found && { tls: found }) };
  }
  const reason = scheme === 'ssh' ? 'a daemon behind ssh can’t be loaded into' : 'it is none of unix:// and tcp://';
  const hint =
    scheme === 'ssh'
      ? `lead its socket here: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock ${rest}, and DOCKER_HOST=unix:///tmp/docker.sock`
      : 'write unix:///var/run/docker.sock';
  throw unreachable(`${where} is ${text}: ${reason}; ${hint}`);
}

/** DOCKER_TLS_VERIFY asks for TLS with a check of the server, DOCKER_TLS for TLS alone. */
function tlsOfEnvironment(env: NodeJS.ProcessEnv, folder: string): Tls | undefined {
  const verify = Boolean(env['DOCKER_TLS_VERIFY']);
  if (!verify && !env['DOCKER_TLS']) return undefined;
  return tlsIn(env['DOCKER_CERT_PATH'] || folder, verify);
}

function tlsIn(folder: string, rejectUnauthorized: boolean): Tls | undefined {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => contentOf(join(folder, name)));
  return { ca, cert, key, rejectUnauthorized };
}

function currentContext(folder: string): string | undefined {
  const text = contentOf(join(folder, 'config.json'));
  if (text === undefined) return undefined;
  try {
    const { currentContext: name } = JSON.parse(text.toString()) as { currentContext?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    // The parser's own message quotes the text, which holds passwords.
    throw unreachable(`${join(folder, 'config.json')} is not JSON`);
  }
}

function hostOfContext(name: string, folder: string): DockerHost {
  const id = createHash('sha256').update(name).digest('hex');
  const path = join(folder, 'contexts/meta', id, 'meta.json');
  const text = contentOf(path);
  if (text === undefined) {
    throw unreachable(`there is no docker context ${name}: docker context ls lists them, DOCKER_CONTEXT chooses`);
  }
  const meta = JSON.parse(text.toString()) as { Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } } };
  const { Host: host, SkipTLSVerify: skip = false } = meta.Endpoints?.docker ?? {};
  if (!host) throw unreachable(`the docker context ${name} says no host (${path})`);
  const keys = join(folder, 'contexts/tls', id, 'docker');
  return parseHost(host, `the host of the docker context ${name}`, () => {
    const tls = tlsIn(keys, !skip);
    return tls?.ca || tls?.cert ? tls : undefined;
  });
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function unreachable(message: string): Failed<LoaderFailure> {
  return new Failed<LoaderFailure>({ kind: 'loader-missing', loader: 'Docker', message });
}
