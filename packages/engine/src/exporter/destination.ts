import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ExportDestination } from '../engine.ts';
import { asDiskFull } from '../std/disk-full.ts';
import { Failed } from '../std/failed.ts';
import { uniqueName } from '../std/temp.ts';
import type { ExportFailure } from './failure.ts';

/** Where an exporter that makes one file may write it. */
export type FileDestination = Extract<ExportDestination, { kind: 'file' | 'stream' }>;

/** The destination as a file or stream; fails for folders and for none at all. */
export function fileDestination(type: string, destination: ExportDestination | undefined): FileDestination {
  if (destination?.kind === 'file' || destination?.kind === 'stream') return destination;
  throw badDestination(
    `the ${type} exporter writes a file: give it dest=FILE, or dest=- for standard output`,
    destination?.kind === 'folder' ? destination.path : undefined,
  );
}

/** The path of a destination that must be a folder. */
export function folderDestination(type: string, destination: ExportDestination | undefined): string {
  if (destination?.kind === 'folder') return destination.path;
  throw badDestination(
    `the ${type} exporter writes a folder: give it dest=FOLDER`,
    destination?.kind === 'file' ? destination.path : undefined,
  );
}

/**
 * Writes all bytes. A file appears under its name once it is whole, in a folder that is made where there is none; pipes
 * and devices are written as they are. As with what compilers write, nobody waits for the disk.
 */
export async function writeTo(
  destination: FileDestination,
  bytes: AsyncIterable<Uint8Array>,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  if (destination.kind === 'stream') return writeStream(destination.stream, bytes, signal);
  const { path } = destination;
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw badDestination(`${path} is a folder`, path);
  if (found && !found.isFile()) return writeFile(path, bytes, signal);
  const folder = dirname(path);
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => refuse(folder, path, cause));
  const temporary = join(folder, `.${basename(path).slice(0, 200)}.${uniqueName()}`);
  try {
    await writeFile(temporary, bytes, signal, { fresh: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asDiskFull(error, path);
  }
}

async function writeFile(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  { fresh = false }: { readonly fresh?: boolean } = {},
): Promise<void> {
  const handle = await open(path, fresh ? 'wx' : 'w').catch((cause: unknown) =>
    refuse(fresh ? dirname(path) : path, path, cause),
  );
  try {
    for await (const piece of bytes) {
      signal.throwIfAborted();
      for (let at = 0; at < piece.length;) at += (await handle.write(piece, at)).bytesWritten;
    }
  } finally {
    await handle.close();
  }
}

/** Fails because a place can't be written, which the destination needs. */
function refuse(place: string, destination: string, cause: unknown): never {
  const full = asDiskFull(cause, destination);
  if (full !== cause) throw full;
  const { code, message } = cause as NodeJS.ErrnoException;
  throw badDestination(`${place} can't be written: ${code ?? message}`, destination, cause);
}

async function writeStream(
  stream: WritableStream<Uint8Array>,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const writer = stream.getWriter();
  try {
    for await (const piece of bytes) {
      signal.throwIfAborted();
      await writer.ready;
      await writer.write(piece);
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    throw error;
  }
}

export function badDestination(message: string, path?: string, cause?: unknown): Failed<ExportFailure> {
  return new Failed<ExportFailure>(
    { kind: 'export-destination', message, ...(path !== undefined && { path }) },
    { cause },
  );
}
