// Compiles a package for publishing; `npm pack` calls it from the package's folder. Everywhere else sources run unbuilt.

import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = process.cwd();
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

  const made = join(scratch, 'out', basename(folder), 'src');
  for (const name of globSync('**/*.{js,d.ts}', { cwd: made })) renameSpecifiers(join(made, name));
  copyFileSync(join(root, 'LICENSE'), join(made, 'LICENSE'));
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  renameSync(made, join(folder, 'dist'));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** What tsc leaves: the specifiers in declarations, and the URLs of modules that threads load. */
function renameSpecifiers(file: string): void {
  const text = readFileSync(file, 'utf8');
  const renamed = text.replace(/((?:from |import\(|new URL\()['"]\.[^'"\n]*)\.ts(?=['"])/g, '$1.js');
  if (renamed !== text) writeFileSync(file, renamed);
}
