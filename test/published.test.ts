// What a stranger gets: the packages as `npm pack` makes them, installed into an empty folder, run by the machine's npm.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { busyboxLayout } from './rig/bases.ts';
import { projectRoot } from './rig/rig.ts';
import { writeTree } from './rig/tree.ts';

const scratch = mkdtempSync(join(tmpdir(), 'monokit-published-'));
const project = join(scratch, 'project');
const packages = ['cli', 'config', 'engine'];

/** Nothing of this project's own: neither its node nor what npm says to its scripts. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_)/.test(name)));
env['PATH'] = env['PATH']!.split(':')
  .filter((folder) => !folder.includes('node_modules'))
  .join(':');

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (error) throw error;
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

const cli = (...args: string[]) => run(project, 'npx', 'cli', ...args, '--cache-dir', join(scratch, 'cache'));

before(() => {
  mkdirSync(project);
  run(projectRoot, 'npm', 'pack', '--workspaces', '--pack-destination', scratch);
  writeTree(project, {
    // As `npm init -y` writes it.
    'package.json': '{ "name": "project", "version": "1.0.0", "type": "commonjs" }',
    copied: { Dockerfile: 'FROM scratch\nCOPY hello /\n', hello: 'hello\n' },
    run: { Dockerfile: 'FROM busybox\nRUN echo made > /made\n' },
    'buildkit.config.ts': `
      import { defineConfig } from '@monokit/config';
      import { llb } from '@monokit/engine';
      export default defineConfig({
        registries: { 'docker.io': { mirrors: ['./bases'] } },
        images: {
          copied: { context: 'copied', output: 'type=oci,dest=copied.tar' },
          run: { context: 'run', output: 'type=local,dest=out' },
          defined: { define: () => llb.image('busybox').run(['sh', '-c', 'echo defined']) },
        },
      });`,
  });
  mkdirSync(join(project, 'bases'));
  run(project, 'cp', '-r', busyboxLayout(), 'bases/busybox');
  const archives = globSync('*.tgz', { cwd: scratch }).map((name) => join(scratch, name));
  assert.equal(archives.length, packages.length);
  run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...archives);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

test('what is published is compiled, whole and without tests', () => {
  for (const name of packages) {
    const folder = join(project, 'node_modules/@monokit', name);
    const files = globSync('**/*', { cwd: folder });
    assert.ok(files.includes('dist/LICENSE'));
    assert.deepEqual(
      // Pages go to browsers as they are, without their types.
      files.filter((file) => /\.test\.|fixture|^src|^(?!page\/).*(?<!\.d)\.ts$/.test(file)),
      [],
    );
    for (const file of files.filter((each) => /\.(js|d\.ts)$/.test(each))) {
      assert.doesNotMatch(
        readFileSync(join(folder, file), 'utf8'),
        /(from|import\(|URL\() ?['"]\.[^'"\n]*\.ts['"]/,
        file,
      );
    }
  }
});

test('a frontend needs nothing but what the door for it imports', () => {
  const program = `import { FrontendError, llb, runFrontend } from '@monokit/engine/gateway';
    const { ops } = await llb.scratch().mkfile('/a', '').marshal();
    console.log(typeof runFrontend, FrontendError.name, ops.length, process.moduleLoadList.some((name) => /koffi|lmdb/.test(name)));`;
  const said = run(project, process.execPath, '--input-type=module', '--eval', program);
  assert.equal(said.trim(), 'function FrontendError 2 false');
});

test('a folder is built, with nothing and from a base in an OCI layout', () => {
  cli('build', '-o', 'type=oci,dest=folder.tar', './copied');
  assert.ok(statSync(join(project, 'folder.tar')).size > 0);
  const base = `busybox=oci-layout://${join(project, 'bases/busybox')}`;
  cli('build', '--build-context', base, '-o', 'type=local,dest=folder', './run');
  assert.equal(readFileSync(join(project, 'folder/made'), 'utf8'), 'made\n');
});

test('a workspace is built by its configuration in TypeScript, and is up to date the second time', () => {
  const stepsRun = () => {
    const end = cli('build', 'all', '--json').trim().split('\n').at(-1)!;
    return (JSON.parse(end) as { readonly steps: { readonly run: number } }).steps.run;
  };
  assert.ok(stepsRun() > 0);
  assert.equal(readFileSync(join(project, 'out/made'), 'utf8'), 'made\n');
  assert.equal(stepsRun(), 0);
});

test('a build that takes the long way reads few files', () => {
  writeFileSync(join(project, 'copied/hello'), 'hello again\n');
  // Node keeps what it compiled of each module that is imported.
  const compiled = join(scratch, 'compiled');
  const bin = join(project, 'node_modules/.bin/cli');
  run(project, 'env', `NODE_COMPILE_CACHE=${compiled}`, bin, 'build', 'copied', '--cache-dir', join(scratch, 'cache'));
  const modules = globSync('*/*', { cwd: compiled }).length;
  // Those of other packages are counted, too; of ours alone there are some 400.
  assert.ok(modules > 20 && modules < 200, String(modules));
});

test('its command line works from a shell whose own node is older', () => {
  const version = JSON.parse(readFileSync(join(projectRoot, 'packages/cli/package.json'), 'utf8')).version as string;
  assert.equal(cli('--version').trim(), version);
});

test('pages come with all that they are made of', async () => {
  const child = spawn('npx', ['cli', 'explore', 'copied', '--no-open', '--cache-dir', join(scratch, 'cache')], {
    cwd: project,
    env,
    detached: true,
  });
  try {
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    const page = printed.toString().trim();
    const seen = new Set(['', 'page/graph.html']);
    for (const path of seen) {
      const response = await fetch(new URL(path, page));
      assert.equal(response.status, 200, path);
      const text = await response.text();
      const names = [...text.matchAll(/(?:from '|src="|href=")([^':"]+\.\w+)['"]/g)].map(([, name]) => name!);
      // The addresses in a page are relative to the page, those in a module to the module.
      for (const name of names)
        seen.add(new URL(name, new URL(path.endsWith('s') ? path : '', page)).href.slice(page.length));
    }
    assert.ok(seen.size > 15, [...seen].join());
  } finally {
    process.kill(-child.pid!, 'SIGINT');
    await once(child, 'close');
  }
});
