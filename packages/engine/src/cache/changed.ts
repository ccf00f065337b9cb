import { renameSync, writeFileSync } from 'node:fs';
import { uniqueName } from '../std/temp.ts';
import type { CacheFolder } from './folder.ts';

/** Lets everybody see, by one look at one file, that what the cache offers under names is not what it was. */
export function markChanged({ changed }: Pick<CacheFolder, 'changed'>): void {
  const temporary = `${changed}.${uniqueName()}`;
  writeFileSync(temporary, '', { mode: 0o600 });
  renameSync(temporary, changed);
}
