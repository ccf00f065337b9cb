import { renameSync, rmSync, writeFileSync } from 'node:fs';
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
