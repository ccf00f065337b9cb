/** A positional that means a folder, a URL or standard input, and not an image of the workspace. */
export function isFolder(positional: string): boolean {
  return positional === '-' || positional.includes('://') || positional.startsWith('.') || positional.startsWith('/');
}
