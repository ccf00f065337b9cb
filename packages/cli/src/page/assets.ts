// The files of pages. Browsers get TypeScript with its types taken out: nothing has to be built before.

import { readFileSync, readdirSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { extname, join } from 'node:path';

export interface Asset {
  readonly type: string;
  readonly body: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** Modules of this program that pages use too: they need nothing of Node. */
export const shared = ['cards', 'critical', 'heights', 'layers', 'layout', 'order', 'step-title', 'svg'];

const pages = join(import.meta.dirname, '../../page');
/** `.ts` where sources run unbuilt, `.js` in the published package. */
const own = extname(import.meta.filename);
let files: ReadonlyMap<string, string> | undefined;
const read = new Map<string, Asset>();

/** What a path of a URL names; undefined for everything that is not in the list, however it is written. */
export async function assetOf(path: string): Promise<Asset | undefined> {
  files ??= listed();
  const file = files.get(path);
  if (file === undefined) return undefined;
  const known = read.get(file);
  if (known) return known;
  const text = readFileSync(file, 'utf8');
  const body = file.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
  const asset = { type: types[extname(path)]!, body };
  read.set(file, asset);
  return asset;
}

function listed(): ReadonlyMap<string, string> {
  const served = readdirSync(pages).filter((name) => extname(name) in types && !name.endsWith('.test.ts'));
  return new Map([
    ...served.map((name) => [`page/${name}`, join(pages, name)] as const),
    // Pages say .ts, and published modules call each other .js.
    ...shared.flatMap((name) =>
      ['.ts', own].map((ending): [string, string] => [
        `src/graph/${name}${ending}`,
        join(import.meta.dirname, '../graph', `${name}${own}`),
      ]),
    ),
  ]);
}
