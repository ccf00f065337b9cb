// Compiles one package for publishing: `npm pack` calls it from the package's folder. Sources run unbuilt everywhere else.
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = process.cwd();
rmSync(join(folder, 'dist'), { recursive: true, force: true });
const settings = {
  extends: join(root, 'tsconfig.json'),
  compilerOptions: {
    noEmit: false,
    outDir: join(folder, 'dist'),
    rootDir: join(folder, 'src'),
    declaration: true,
    rewriteRelativeImportExtensions: true,
    // Types of the sibling packages come from their sources: nothing has to be built before.
    customConditions: ['source'],
    skipLibCheck: true,
  },
  include: [join(folder, 'src')],
  exclude: [join(folder, 'src/**/*.test.ts')],
};
mkdirSync(join(folder, 'dist'), { recursive: true });
const file = join(folder, 'dist', 'tsconfig.json');
writeFileSync(file, JSON.stringify(settings));
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', file], { stdio: 'inherit' });
rmSync(file);
for (const data of globSync('**/*.{json,html,css}', { cwd: join(folder, 'src') })) {
  mkdirSync(dirname(join(folder, 'dist', data)), { recursive: true });
  cpSync(join(folder, 'src', data), join(folder, 'dist', data));
}
