import { readFileSync, rmSync } from 'node:fs';
import { unmountFlags, unmountIfMounted } from '../sys/mount.ts';

/** Mount points at or below a folder, deepest and newest first. */
function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescapePath(line.split(' ')[4] ?? ''))
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .reverse();
}

/** Removes a folder with all that is in it, but nothing of what is mounted in it: that is unmounted first. */
export function removeWithMounts(folder: string): void {
  unmountBelow(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** Takes every mount at or below a folder away, in use or not. Throws if one is left: nothing below may be removed then. */
function unmountBelow(folder: string): void {
  for (const path of mountsBelow(folder)) unmountIfMounted(path, unmountFlags.detach | unmountFlags.nofollow);
  const left = mountsBelow(folder);
  if (left.length > 0) throw new Error(`still mounted: ${left.join(', ')}`);
}

/** The kernel writes white space and backslashes as octal numbers. */
function unescapePath(text: string): string {
  if (!text.includes('\\')) return text;
  // The escaped bytes are ASCII, so the characters around them stay whole.
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
