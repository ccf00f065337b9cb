// Paths inside of images, which may be Windows'.

import { cleanPath, joinPath } from '../../llb/path.ts';
import { mistake } from './failure.ts';

/**
 * `path` as seen from `parent`: absolute, with slashes and without drive. An absolute path stays as it was written, for
 * it becomes part of ops and configs. With `keepSlash`, a `/` or `/.` at the end stays: it says that a folder is meant.
 */
export function absolutePath(parent: string, path: string, os: string, keepSlash = false): string {
  const given = withSlashes(path, os);
  let from = withoutDrive(withSlashes(parent, os) || '/', os);
  if (!from.startsWith('/')) from = joinPath('/', from);
  let result = withoutDrive(given === '' ? from : given, os);
  if (!result.startsWith('/')) result = joinPath(from, result);
  if (!keepSlash) return result;
  if (given.endsWith('/') && !result.endsWith('/')) return `${result}/`;
  if (given.endsWith('/.')) return result === '/' ? '/.' : `${result}/.`;
  return result;
}

export function isAbsolutePath(path: string, os: string): boolean {
  return withoutDrive(withSlashes(path, os), os).startsWith('/');
}

export function withBackslashes(path: string, os: string): string {
  return os === 'windows' ? path.replaceAll('/', '\\') : path;
}

export function withSlashes(path: string, os: string): string {
  return os === 'windows' ? path.replaceAll('\\', '/') : path;
}

/** Windows' paths lose `C:`; another drive can't be meant. */
function withoutDrive(path: string, os: string): string {
  if (os !== 'windows') return path;
  if (/^.:$/.test(path)) throw mistake(`No relative path specified in "${path}"`, { token: path });
  if (path.startsWith('//')) throw mistake('UNC paths are not supported', { token: path });
  const colon = path.indexOf(':');
  if (colon < 0) return cleanPath(path);
  if (path.slice(0, colon).toLowerCase() !== 'c') {
    throw mistake('The specified path is not on the system drive (C:)', { token: path });
  }
  return cleanPath(path.slice(colon + 1));
}
