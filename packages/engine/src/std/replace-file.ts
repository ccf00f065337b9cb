import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { uniqueName } from './temp.ts';

/**
 * Puts a file in the place of another one, or of none, for our user alone; its folder must be there. Whoever reads sees
 * the old file whole or the new one, also if this process is killed meanwhile, and of several writers the last one's.
 */
export function replaceFile(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${uniqueName()}`;
  try {
    writeFileSync(temporary, content, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * The same for what is only kept to be quicker the next time: makes its folder, and says whether it could be written. A
 * disk that is full or can only be read takes nothing from whoever works without.
 */
export function replaceFileIfPossible(path: string, text: string | Uint8Array): boolean {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    replaceFile(path, text);
    return true;
  } catch (error) {
    if (!isUnusable(error)) throw error;
    return false;
  }
}

/** Whether an error says that there is no file, or that this user or this disk can't have it. */
export function isUnusable(error: unknown): boolean {
  return unusable.has((error as NodeJS.ErrnoException).code ?? '');
}

const unusable: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
]);
