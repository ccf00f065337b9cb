// Workspaces of the same shape for both: so many members of ten small source files, each built from up to three others.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const files = 10;
const dependencies = 3;
/** So many depend on nothing. */
const roots = 10;

/** Images that hold their sources and a file of each that they are built from: nothing runs, so the first build is quick. */
export function writeImages(dir: string, count: number): void {
  for (let member = 0; member < count; member++) {
    const own = writeSources(dir, member);
    const copies = dependenciesOf(member).map((other) => `COPY --from=p${other} /p${other}/f0.js /from/p${other}.js`);
    writeFileSync(join(own, 'Dockerfile'), ['FROM scratch', ...copies, `COPY src /p${member}`, ''].join('\n'));
  }
  writeFileSync(join(dir, 'buildkit.config.ts'), 'export default { discover: true };\n');
  writeGit(dir);
}

/** npm packages with turbo's settings. */
export function writePackages(dir: string, count: number): void {
  for (let member = 0; member < count; member++) {
    const own = writeSources(dir, member);
    writeJson(join(own, 'package.json'), {
      name: `p${member}`,
      version: '1.0.0',
      scripts: { build: buildScript },
      dependencies: Object.fromEntries(dependenciesOf(member).map((other) => [`p${other}`, '*'])),
    });
  }
  writeJson(join(dir, 'package.json'), {
    name: 'workspace',
    private: true,
    packageManager: 'npm@11.0.0',
    workspaces: ['packages/*'],
  });
  writeJson(join(dir, 'turbo.json'), {
    tasks: { build: { dependsOn: ['^build'], inputs: ['src/**'], outputs: ['dist/**'] } },
  });
  writeGit(dir);
}

const buildScript = 'mkdir -p dist && cat src/*.js > dist/index.js';

/** A folder with an `npm` that only does what all the build scripts say: npm's own 0.2 s for each are not the subject. */
export function writeNpm(dir: string): string {
  mkdirSync(dir);
  writeFileSync(join(dir, 'npm'), `#!/bin/sh\n${buildScript}\n`);
  chmodSync(join(dir, 'npm'), 0o755);
  return dir;
}

/** Some of the members before it, the same in each run. */
function dependenciesOf(member: number): readonly number[] {
  if (member < roots) return [];
  return [...new Set(Array.from({ length: dependencies }, (_, i) => (member * 7919 + i * 104_729) % member))];
}

function writeSources(dir: string, member: number): string {
  const own = join(dir, 'packages', `p${member}`);
  mkdirSync(join(own, 'src'), { recursive: true });
  for (let file = 0; file < files; file++) {
    writeFileSync(join(own, 'src', `f${file}.js`), `export const value = ${member * files + file};\n`);
  }
  return own;
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Turbo asks git what has changed. */
function writeGit(dir: string): void {
  writeFileSync(join(dir, '.gitignore'), 'node_modules\ndist\n.turbo\n');
  const git = (...args: readonly string[]) => execFileSync('git', ['-C', dir, ...args], { stdio: 'pipe' });
  git('init', '--quiet');
  git('add', '--all');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '--message', 'All');
}
