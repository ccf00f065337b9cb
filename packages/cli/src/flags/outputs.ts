import { resolve } from 'node:path';
import { Writable } from 'node:stream';
import type { ExportRequest } from '@monokit/engine';
import { nearest } from '@monokit/engine/std/nearest';
import { Mistake } from '../mistake.ts';
import { attributes } from './assignments.ts';

const types = ['image', 'registry', 'oci', 'docker', 'tar', 'local'] as const;

/**
 * One `--output`: `type=oci,dest=FILE,…`, or for short a folder (`type=local`) or `-` (a tar on standard output).
 * `registry` is an image that is pushed; `docker` without a file is loaded.
 */
export async function outputOf(
  text: string,
  { cwd, env, stdout }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly stdout: NodeJS.WriteStream },
): Promise<ExportRequest> {
  if (text === '-') return { type: 'tar', attrs: {}, destination: streamTo(stdout) };
  if (!text.includes('='))
    return { type: 'local', attrs: {}, destination: { kind: 'folder', path: resolve(cwd, text) } };
  const { type, dest, ...attrs } = attributes('--output', text);
  if (!types.includes(type as (typeof types)[number])) {
    const near = type === undefined ? undefined : nearest(type, types);
    const message = type === undefined ? '--output needs a type' : `--output has no type ${JSON.stringify(type)}`;
    throw new Mistake(message, near ? `did you mean type=${near}?` : `it takes type=${types.join(', type=')}`);
  }
  if (type === 'registry') return { type: 'image', attrs: { ...attrs, push: 'true' } };
  if (type === 'image') {
    if (dest !== undefined)
      throw new Mistake('--output type=image takes no dest', 'use type=oci or type=docker for a file');
    return { type: 'image', attrs };
  }
  if (dest === undefined) {
    if (type === 'docker') return loaded(attrs, env);
    if (type === 'local') throw new Mistake('--output type=local needs dest=FOLDER');
    if (stdout.isTTY) throw new Mistake(`--output type=${type} needs dest=FILE`, 'or send standard output into a file');
    return { type: type as ExportRequest['type'], attrs, destination: streamTo(stdout) };
  }
  if (dest === '-') return { type: type as ExportRequest['type'], attrs, destination: streamTo(stdout) };
  const kind = type === 'local' || attrs['tar'] === 'false' ? 'folder' : 'file';
  return { type: type as ExportRequest['type'], attrs, destination: { kind, path: resolve(cwd, dest) } };
}

/** The container engine that `--load` names. */
export function loadedInto({ load }: { readonly load: string | undefined }): string | undefined {
  return load === 'true' ? 'docker' : load === 'false' ? undefined : load;
}

async function loaded(written: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): Promise<ExportRequest> {
  const { readLoader } = await import('@monokit/engine/loader');
  try {
    const { loader, attrs } = await readLoader(written, env);
    return { type: 'docker', attrs, destination: { kind: 'loader', loader } };
  } catch (error) {
    if (error instanceof TypeError) throw new Mistake(`--output: ${error.message}`);
    throw error;
  }
}

function streamTo(stdout: NodeJS.WriteStream): NonNullable<ExportRequest['destination']> {
  return { kind: 'stream', stream: Writable.toWeb(stdout) as WritableStream<Uint8Array> };
}
