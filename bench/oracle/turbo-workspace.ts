// A generated workspace as one of Turborepo's, in a git repository, to be asked which packages filters mean.

import { execFile, execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Answer } from '../../test/filter/answer.ts';
import type { Project, Projects } from '../../test/filter/workspace.ts';

const run = promisify(execFile);

export function writeTurboWorkspace(folder: string, { projects, changed }: Projects): void {
  const write = (path: string, value: unknown) => writeFileSync(join(folder, path), JSON.stringify(value));
  const workspaces = projects.map((project) => project.folder);
  mkdirSync(folder, { recursive: true });
  write('package.json', { name: 'top', private: true, packageManager: 'npm@10.8.0', workspaces });
  write('turbo.json', { tasks: { build: {} } });
  writeFileSync(join(folder, '.gitignore'), 'node_modules\n.turbo\n');
  const links = projects.map((project) => [
    [project.folder, manifestOf(project)],
    [`node_modules/${project.name}`, { resolved: project.folder, link: true }],
  ]);
  const packages = { '': { name: 'top', workspaces }, ...Object.fromEntries(links.flat()) };
  write('package-lock.json', { name: 'top', lockfileVersion: 3, requires: true, packages });
  for (const project of projects) {
    mkdirSync(join(folder, project.folder), { recursive: true });
    write(join(project.folder, 'package.json'), manifestOf(project));
  }
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.email=a@example.com', '-c', 'user.name=a', ...args], { cwd: folder });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'all');
  for (const { name, folder: place } of projects) {
    if (changed.includes(name)) appendFileSync(join(folder, place, 'changed'), 'more');
  }
}

function manifestOf({ name, needs }: Project) {
  const dependencies = Object.fromEntries(needs.map((other) => [other, '*']));
  return { name, version: '1.0.0', scripts: { build: 'true' }, dependencies };
}

/** Names of the packages that the filters mean; the package at the top, which is always there, is left out. */
export async function turbosAnswer(turbo: string, folder: string, filters: readonly string[]): Promise<Answer> {
  const flags = filters.map((filter) => `--filter=${filter}`);
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', CI: undefined };
  try {
    const { stdout } = await run(turbo, ['run', 'build', '--dry=json', ...flags], { cwd: folder, env });
    const { packages } = JSON.parse(stdout) as { packages: readonly string[] };
    return packages.filter((name) => name !== '//').sort();
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    if (/No package found|does\s+(?:\|\s+)?not\s+(?:\|\s+)?exist|selector not used/.test(stderr)) return 'refused';
    throw error;
  }
}
