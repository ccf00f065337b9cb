import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one's own, removed with everything in it when disposed. */
export interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes an empty folder, by default where the system keeps such things. */
export function makeTempFolder({
  prefix = 'monokit-',
  parent = tmpdir(),
}: { readonly prefix?: string; readonly parent?: string } = {}): TempFolder {
  const path = mkdtempSync(join(parent, prefix));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A name that nobody else has: 130 random bits in letters and digits. */
export function uniqueName(): string {
  return BigInt(`0x${randomBytes(16).toString('hex')}`)
    .toString(36)
    .padStart(25, '0');
}
