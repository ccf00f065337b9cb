// A user for whom the kernel watches no more files: it is said, and every change is seen all the same. The limits are
// those of a user namespace of the test's own.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { chrooted } from '../rig/chrooted.ts';
import { processesWith } from '../rig/left.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';
import { Watching } from '../rig/watching.ts';

const files: Tree = {
  'buildkit.config.json': JSON.stringify({ discover: true }),
  api: { Dockerfile: 'FROM scratch\nCOPY src /src\n', src: { a: { b: { c: { d: 'd' } } }, e: { f: 'f' } } },
  web: { Dockerfile: 'FROM scratch\nCOPY . /w\n', '.dockerignore': 'Dockerfile\n.dockerignore\n', w: 'w' },
};

/** Runs a program as a user who may have so many of something. */
const limited = (what: 'watches' | 'instances', most: number) => ({
  through: ['unshare', '-Ur', 'sh', '-c', `echo ${most} > /proc/sys/user/max_inotify_${what}; exec "$@"`, 'sh'],
});

const after = ['--exec', 'echo "built: $MONOKIT_IMAGES."', '-o', 'out'];

/** How many paths the processes of a cache folder watch. */
function watches(cacheDir: string): number {
  const pids = processesWith(cacheDir).map((line) => line.split(':')[0]!);
  const infos = pids.flatMap((pid) => readdirSync(`/proc/${pid}/fdinfo`).map((fd) => `/proc/${pid}/fdinfo/${fd}`));
  const lines = infos.flatMap((path) => {
    try {
      return readFileSync(path, 'latin1').split('\n');
    } catch {
      return []; // closed meanwhile
    }
  });
  return lines.filter((line) => line.startsWith('inotify wd:')).length;
}

for (const [what, most, name] of [
  ['watches', 5, 'fs.inotify.max_user_watches'],
  ['instances', 0, 'fs.inotify.max_user_instances'],
] as const) {
  test(`without enough ${what} changes are looked for`, { skip: chrooted }, async () => {
    await using rig = await Rig.open(files);
    await using watching = new Watching(rig, ['all', '--exec', 'echo "built: $MONOKIT_IMAGES."'], limited(what, most));
    const line = `the kernel watches no more files for this user (${name}): looking for changes every 300 ms instead\n`;
    await watching.hearsAll(line, ' in 2 images\n');
    writeFileSync(rig.path('api/src/a/b/c/d'), 'other');
    await watching.hears('built: api.');
    writeFileSync(rig.path('web/new'), 'new');
    await watching.hears('built: web.');
    writeFileSync(rig.path('web/Dockerfile'), 'FROM scratch\nCOPY w /w\n');
    await watching.hears('built: web.');
  });
}

test('watches that run out while folders come lose no change', { skip: chrooted }, async () => {
  await using rig = await Rig.open(files);
  let enough: number;
  {
    await using watching = new Watching(rig, ['web', ...after]);
    await watching.hears(' in 1 image\n');
    enough = watches(rig.cacheDir);
  }
  assert.ok(enough > 1, String(enough));
  await using watching = new Watching(rig, ['web', ...after], limited('watches', enough + 3));
  await watching.hears(' in 1 image\n');
  const names = Array.from({ length: 40 }, (_, i) => `n${i}`);
  for (const name of names) {
    mkdirSync(rig.path('web', name));
    writeFileSync(rig.path('web', name, 'file'), name);
  }
  await watching.hears('the kernel watches no more files');
  await watching.hears('built: web.');
  writeFileSync(rig.path('web/n39/file'), 'last');
  await watching.hears('built: web.');
  assert.deepEqual(readdirSync(rig.path('out/w')).sort(), [...names, 'w'].sort());
  assert.equal(readFileSync(rig.path('out/w/n39/file'), 'utf8'), 'last');
});
