import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of this program. */
export function version(): string {
  const manifest = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
