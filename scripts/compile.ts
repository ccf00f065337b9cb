// Compiles a package for publishing; `npm pack` calls it from the package's folder. Everywhere else sources run unbuilt.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { shared } from '../packages/cli/src/page/assets.ts';
import { bundle } from './bundle.ts';

const root = join(import.meta.dirname, '..');
const folder = process.cwd();
const name = basename(folder);
const scratch = mkdtempSync(join(root, 'node_modules/.compile-'));
try {
  // The packages find each other's types in their sources, so nothing has to be built before.
  const settings = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      outDir: join(scratch, 'out'),
      rootDir: join(root, 'packages'),
      declaration: true,
      rewriteRelativeImportExtensions: true,
    },
    include: [join(folder, 'src'), join(root, 'packages/*/src/**/*.d.ts')],
    exclude: ['test', 'fixture'].map((kind) => join(root, `packages/*/src/**/*${kind}.ts`)),
  };
  writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(settings));
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(scratch, 'tsconfig.json')], { stdio: 'inherit' });

  const made = join(scratch, 'dist');
  await bundle(folder, made);
  const out = join(scratch, 'out', name, 'src');
  // Browsers get the modules that pages share with Node one by one.
  const single = name === 'cli' ? shared.map((each) => `graph/${each}.js`) : [];
  for (const path of [...globSync('**/*.d.ts', { cwd: out }), ...single]) cpSync(join(out, path), join(made, path));
  for (const path of globSync('**/*.{js,d.ts}', { cwd: made })) renameSpecifiers(join(made, path));
  copyFileSync(join(root, 'LICENSE'), join(made, 'LICENSE'));
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  renameSync(made, join(folder, 'dist'));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** What is left: the specifiers in declarations, and the URLs of modules that threads load. */
function renameSpecifiers(file: string): void {
  const text = readFileSync(file, 'utf8');
  const renamed = text.replace(/((?:from |import\(|new URL\()['"]\.[^'"\n]*)\.ts(?=['"])/g, '$1.js');
  if (renamed !== text) writeFileSync(file, renamed);
}
