import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { splitCsv } from '../std/csv.ts';
import { Failed } from '../std/failed.ts';
import type { SessionFailure } from './failure.ts';

/** Where a secret's bytes are. */
export type SecretSource =
  | { readonly kind: 'file'; readonly id: string; readonly path: string }
  | { readonly kind: 'env'; readonly id: string; readonly variable: string };

/** No secret is larger, in bytes. */
export const secretLimit = 500 * 1024;

/**
 * Reads `--secret`: `id=ID[,src=FILE][,env=NAME][,type=file|env]`. Without a source it is the variable called as the
 * id, or else the file. Throws a failure that names what is wrong, never a secret.
 */
export function parseSecret(
  text: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): SecretSource {
  const fields: Record<string, string> = {};
  for (const field of csv(text)) {
    const equals = field.indexOf('=');
    const key = field.slice(0, equals).toLowerCase();
    if (equals < 0) throw wrong(text, `invalid field ${JSON.stringify(field)} must be a key=value pair`);
    if (!['id', 'src', 'source', 'env', 'type'].includes(key)) {
      throw wrong(text, `unexpected key ${JSON.stringify(key)}; a secret has id, src, env and type`);
    }
    fields[key === 'source' ? 'src' : key] = field.slice(equals + 1);
  }
  const { id, type } = fields;
  let { src: path, env: variable } = fields;
  if (!id) throw wrong(text, 'a secret needs an id');
  if (type !== undefined && type !== 'file' && type !== 'env')
    throw wrong(text, `unsupported secret type ${JSON.stringify(type)}`);
  if (type === 'env' && !variable) [variable, path] = [path, undefined];
  if (variable) return { kind: 'env', id, variable };
  if (path) return { kind: 'file', id, path };
  return env[id] === undefined || type === 'file' ? { kind: 'file', id, path: id } : { kind: 'env', id, variable: id };
}

/** Fails at once for a file that is not there or too large, before a build begins. */
export function checkSecret(source: SecretSource): void {
  if (source.kind === 'env') return;
  const { id, path } = source;
  let size: number;
  try {
    size = statSync(path).size;
  } catch (cause) {
    throw wrong(id, `the file ${path} of secret ${id} can't be read`, cause);
  }
  if (size > secretLimit) throw tooBig(id);
}

export async function readSecret(
  source: SecretSource,
  { env, signal }: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const { id } = source;
  const bytes = source.kind === 'env' ? Buffer.from(env[source.variable] ?? '') : await readBytes(source, signal);
  if (bytes.length > secretLimit) throw tooBig(id);
  return bytes;
}

async function readBytes(
  { id, path }: Extract<SecretSource, { kind: 'file' }>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    return await readFile(path, { signal });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw wrong(id, `the file ${path} of secret ${id} can't be read`, cause);
  }
}

function csv(text: string): string[] {
  try {
    return splitCsv(text);
  } catch {
    throw wrong(text, 'the quotes of a secret are misplaced');
  }
}

function tooBig(id: string): Failed<SessionFailure> {
  return wrong(id, `secret ${id} too big. max size ${secretLimit / 1024} KiB`);
}

function wrong(option: string, message: string, cause?: unknown): Failed<SessionFailure> {
  return new Failed<SessionFailure>({ kind: 'session-option', option, message }, { cause });
}
