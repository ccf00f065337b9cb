// A page as one file that needs nothing beside it: its styles, scripts and data stand in it, and it asks nobody.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const pages = join(import.meta.dirname, '../../page');

/**
 * The page `page/NAME.html` with what it links to. `scripts` are the modules of its own, each after those that it
 * imports; their names must differ, for they become one.
 */
export function oneFile(
  name: string,
  { scripts, data }: { readonly scripts: readonly string[]; readonly data: object },
) {
  const html = readFileSync(join(pages, `${name}.html`), 'utf8');
  const script = scripts.map(bareModule).join('\n');
  const styles: string[] = [];
  const filled = html
    .replaceAll(/ *<link rel="stylesheet" href="page\/([\w-]+\.css)" \/>\n/g, (_, file: string) => {
      styles.push(readFileSync(join(pages, file), 'utf8'));
      return '';
    })
    .replace(/ *<script type="module" src="[^"]*"><\/script>\n/, '');
  const style = styles.join('\n');
  // Nothing but this very script and style runs, whatever the data holds, and nobody is asked for anything.
  const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}`;
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}" />\n<style>${style}</style>\n`;
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  const tail = `<script type="application/json" id="data">${json}</script>\n<script type="module">${script}</script>\n`;
  return filled.replace('</head>', () => `${head}</head>`).replace('</body>', () => `${tail}</body>`);
}

/** A module without its types, imports and exports. */
function bareModule(name: string): string {
  return stripTypeScriptTypes(readFileSync(join(pages, `${name}.ts`), 'utf8'))
    .replaceAll(/^import [^;]*;$/gm, '')
    .replaceAll(/^export /gm, '');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
