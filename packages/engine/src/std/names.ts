import { readdirSync } from 'node:fs';
import { fsPath, type BytePath } from './byte-path.ts';

/** The names in a folder, in the order of their bytes. */
export function readNames(folder: BytePath): BytePath[] {
  return readdirSync(fsPath(folder), 'latin1').sort();
}
