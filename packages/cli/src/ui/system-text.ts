// Errors of the system in words: what is the matter with which file.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { harmless } from './tame.ts';

/**
 * What an error of the system means to people; the message of any other one. `of` is the file, for errors that don't
 * name it.
 */
export function systemText(error: unknown, of?: string): string {
  if (!(error instanceof Error)) return harmless(String(error));
  const { code, path = of, dest, syscall } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const words = code === undefined ? undefined : meanings[code];
  return harmless(words === undefined || path === undefined ? error.message : words(dest ?? path, syscall));
}

const meanings: Readonly<Record<string, (path: string, syscall: string | undefined) => string>> = {
  // Node says so, too, where the file system can only be read.
  ENOENT: (path, syscall) =>
    syscall === 'mkdir' ? `no folder can be made at ${path}` : `there is no ${missingPart(path)}`,
  ENOTDIR: (path) => `${path} leads through a file that is not a folder`,
  EEXIST: (path) => `there is something at ${path} already`,
  EISDIR: (path) => `${path} is a folder`,
  EACCES: (path, syscall) => `this user may not ${deedOf(syscall)} ${path}`,
  EPERM: (path, syscall) => `this user may not ${deedOf(syscall)} ${path}`,
  EROFS: (path) => `${path} is on a file system that can only be read`,
  ENOSPC: (path) => `no space is left on the disk for ${path}`,
  EDQUOT: (path) => `this user may not take more of the disk, for ${path}`,
  ELOOP: (path) => `${path} is a symlink that leads in a circle`,
  ENAMETOOLONG: (path) => `the name is too long: ${path}`,
};

/** The first folder above that is not there, else the path itself. */
function missingPart(path: string): string {
  const above = dirname(path);
  return above === path || existsSync(above) ? path : missingPart(above);
}

function deedOf(syscall: string | undefined): string {
  switch (syscall) {
    case 'mkdir':
    case 'rename':
    case 'link':
    case 'symlink':
      return 'make';
    case 'unlink':
    case 'rmdir':
      return 'remove';
    case 'scandir':
      return 'list';
    default:
      return 'open';
  }
}
