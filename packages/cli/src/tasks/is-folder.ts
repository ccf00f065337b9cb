import { Mistake } from '../mistake.ts';

/** A positional that means a folder, a URL or standard input, and not an image of the workspace. */
export function isFolder(positional: string): boolean {
  return positional === '-' || positional.includes('://') || positional.startsWith('.') || positional.startsWith('/');
}

/** The folder, URL or `-` among the positionals, if that is what they are. */
export function onlyFolder(positionals: readonly string[]): string | undefined {
  const folders = positionals.filter(isFolder);
  if (folders.length > 1 || (folders.length === 1 && positionals.length > 1)) {
    throw new Mistake('a folder stands by itself', `name ${folders[0]} alone, or images of the workspace`);
  }
  return folders[0];
}
