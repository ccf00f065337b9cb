// A COPY of which little has changed links what the same COPY wrote before, and nobody can tell from what it makes.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Rig } from '../rig/rig.ts';

const many = 150;

/** A project whose COPY is no small one, with files that have come to rest: what was just written is not trusted. */
async function project(dockerfile: string): Promise<Rig> {
  const rig = await Rig.open({ Dockerfile: dockerfile, '.dockerignore': 'out\nDockerfile\n' });
  for (let i = 0; i < many; i++) {
    const folder = rig.path(`src/d${i % 10}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `f${i}`), `file ${i}\n`);
  }
  mkdirSync(rig.path('flat'));
  for (let i = 0; i < many; i++) writeFileSync(rig.path('flat', `f${1000 + i}`), `flat ${i}\n`);
  writeFileSync(rig.path('src/tool'), '#!/bin/sh\n');
  chmodSync(rig.path('src/tool'), 0o755);
  linkSync(rig.path('src/tool'), rig.path('src/same-tool'));
  symlinkSync('tool', rig.path('src/link'));
  await rested(rig);
  return rig;
}

/** Waits until the clock has moved on from the last change. */
async function rested(rig: Rig): Promise<void> {
  const last = lstatSync(rig.path('src/d0')).ctimeMs;
  while (Date.now() < Math.max(last, newest(rig.path('src')), newest(rig.path('flat'))) + 60) await setTimeout(5);
}

function newest(folder: string): number {
  const times = readdirSync(folder, { recursive: true }).map((name) => lstatSync(join(folder, String(name))).ctimeMs);
  return Math.max(...times);
}

/** Files of layers that are another layer's too. */
function shared({ cacheDir }: Rig): number {
  const layers = join(cacheDir, 'layers');
  return readdirSync(layers, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /^f\d+$/.test(entry.name) && lstatSync(join(entry.parentPath, entry.name)).nlink > 1,
  ).length;
}

/** The image's digest, which has to be that of a build without any cache. */
async function built(rig: Rig, what: string): Promise<string> {
  const args = ['build', '-q', ...rig.busybox, '.'];
  const { stdout } = await rig.ok(args);
  await using clean = await Rig.open();
  assert.equal((await rig.ok(args, { env: { MONOKIT_CACHE_DIR: clean.cacheDir } })).stdout, stdout, what);
  return stdout;
}

const changes: readonly [what: string, change: (rig: Rig) => void][] = [
  ['a file', (rig) => appendFileSync(rig.path('src/d3/f13'), 'more\n')],
  [
    'a file of the same size and time',
    (rig) => {
      const { mtime } = lstatSync(rig.path('src/d4/f14'));
      writeFileSync(rig.path('src/d4/f14'), 'FILE 14\n');
      utimesSync(rig.path('src/d4/f14'), mtime, mtime);
    },
  ],
  ['a mode', (rig) => chmodSync(rig.path('src/d5/f15'), 0o600)],
  [
    'a file that is gone, and a new one',
    (rig) => (rmSync(rig.path('src/d7/f17')), writeFileSync(rig.path('src/d7/g'), '')),
  ],
  ['two files that change places', (rig) => swap(rig.path('src/d8/f18'), rig.path('src/d8/f28'))],
  ['a file that becomes a folder', (rig) => (rmSync(rig.path('src/d9/f19')), mkdirSync(rig.path('src/d9/f19')))],
  ['a hard link', (rig) => linkSync(rig.path('src/d1/f11'), rig.path('src/d1/linked'))],
];

/** The same of a folder without folders, which goes to a place that may have been there. */
const flat: typeof changes = [
  ['a file', (rig) => appendFileSync(rig.path('flat/f1001'), 'more\n')],
  [
    'a file that another source has, too',
    (rig) => (writeFileSync(rig.path('flat/f11'), 'flat\n'), writeFileSync(rig.path('src/d1/f1002'), 'not flat\n')),
  ],
  ['one of the two', (rig) => appendFileSync(rig.path('flat/f11'), 'more\n')],
  ['a link in its place', (rig) => (rmSync(rig.path('flat/f11')), symlinkSync('f1003', rig.path('flat/f11')))],
  ['nothing in its place', (rig) => rmSync(rig.path('flat/f11'))],
];
const [one] = flat;

function swap(one: string, other: string): void {
  renameSync(one, `${one}.tmp`);
  renameSync(other, one);
  renameSync(`${one}.tmp`, other);
}

for (const [copy, done] of [
  ['COPY src /app/src', changes],
  ['COPY --chown=5:6 --chmod=640 . /app/', changes.slice(0, 2)],
  ['COPY --link src /app', changes.slice(0, 2)],
  ['WORKDIR /app\nCOPY . .', changes.slice(0, 2)],
  ['COPY flat /flat', [one!]],
  ['COPY --chmod=755 flat /usr/', [one!]],
  ['ADD flat /flat/', [one!]],
  ['COPY src/d0 src/d1 flat src/tool /all/', flat],
  ['COPY --link flat src /all/', flat],
  ['COPY src/d1/f1* flat/* /all/', flat.slice(0, -1)],
] as const) {
  test(`${copy.replace('\n', ', ')} makes the same layers again and again as without a cache`, async () => {
    await using rig = await project(`FROM busybox\n${copy}\n`);
    const digests = new Set([await built(rig, 'the first')]);
    assert.equal(shared(rig), 0);
    for (const [what, change] of done) {
      change(rig);
      await rested(rig);
      digests.add(await built(rig, what));
      if (what === 'a file') assert.ok(shared(rig) >= 2 * (many - 10), `${shared(rig)} names of shared files`);
    }
    assert.equal(digests.size, done.length + 1);
  });
}

test('what a later step writes stays in its own layer', async () => {
  await using rig = await project('FROM busybox\nCOPY src /app\n');
  const write = (text: string, dest: string) => {
    writeFileSync(rig.path('Dockerfile'), `FROM busybox\nCOPY src /app\n${text}`);
    return rig.ok(['build', '-q', ...rig.busybox, '-o', `type=local,dest=out/${dest}`, '.']);
  };
  await write('', 'first');
  appendFileSync(rig.path('src/d0/f0'), 'more\n');
  await rested(rig);
  await write('RUN for f in /app/d*/f*; do echo spoilt > $f; chown 7 $f; touch -d 2001-01-01 $f; done\n', 'second');
  assert.ok(shared(rig) > 0);
  assert.equal(readFileSync(rig.path('out/second/app/d1/f1'), 'utf8'), 'spoilt\n');
  await write('ENV A=b\n', 'third');
  assert.equal(readFileSync(rig.path('out/third/app/d1/f1'), 'utf8'), 'file 1\n');
  assert.equal(lstatSync(rig.path('out/third/app/d1/f1')).mtimeMs, lstatSync(rig.path('src/d1/f1')).mtimeMs);
  assert.equal(lstatSync(rig.path('out/third/app/d1/f1')).uid, 0);
});

test('where the earlier layer is gone all is copied, and shared files count once', async () => {
  await using rig = await project('FROM busybox\nCOPY src /app/src\n');
  await built(rig, 'the first');
  const size = async () => {
    const records = JSON.parse((await rig.ok(['du', '--json'])).stdout) as { size: number; description: string }[];
    return records.filter(({ description }) => description.includes('COPY')).map((each) => each.size);
  };
  const [whole] = await size();
  appendFileSync(rig.path('src/d0/f0'), 'more\n');
  await rested(rig);
  await built(rig, 'the second');
  const both = await size();
  assert.equal(both.length, 2);
  assert.ok(Math.min(...both) < whole! / 2, `${both.join(' and ')} of ${whole}`);
  await rig.ok(['prune', '--all']);
  assert.equal(shared(rig), 0);
  assert.deepEqual(readdirSync(join(rig.cacheDir, 'copies')), []);
  appendFileSync(rig.path('src/d0/f0'), 'more\n');
  await rested(rig);
  await built(rig, 'the third');
  assert.equal(shared(rig), 0);
});
