// A disk that is full while a build writes to it: the message says which, and what to do; the cache is as good as before.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';

/** Bytes that do not compress. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let i = 0; i < size; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes.writeInt32LE(state ^ (state >>> 13), i);
  }
  return bytes;
}

interface Disk extends AsyncDisposable {
  readonly path: string;
  grow(): Promise<void>;
}

/** A small disk of its own. */
async function mountDisk(path: string, size: string): Promise<Disk> {
  mkdirSync(path, { recursive: true });
  await program('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'monokit-test', path]);
  return {
    path,
    grow: async () => void (await program('mount', ['-o', 'remount,size=400m', path])),
    [Symbol.asyncDispose]: async () => void (await program('umount', ['-l', path])),
  };
}

const files = {
  Dockerfile: `
FROM busybox AS kept
RUN echo kept > /kept
FROM kept AS run
RUN dd if=/dev/urandom of=/big bs=1M count=60 && echo ran > /ran
FROM kept AS copy
COPY big /big
`,
};

/** What nobody but a running build has. */
function halves(cacheDir: string): string[] {
  return ['run', 'content/ingest', 'layers']
    .flatMap((folder) => (existsSync(join(cacheDir, folder)) ? readdirSync(join(cacheDir, folder)) : []))
    .filter((name) => !/^(?:[0-9a-z]{12}|overlay-works|made\..*)$/.test(name));
}

test('a step, a copy and an export that fill the disk of the cache say so, and the next build is right', async () => {
  const big = noise(40 << 20);
  await using rig = await Rig.open({ ...files, big });
  await using disk = await mountDisk(rig.cacheDir, '32m');
  const build = (...args: string[]) => rig.cli(['build', '--progress', 'plain', ...rig.busybox, ...args, '.']);
  assert.equal((await build('--target', 'kept')).code, 0);

  for (const target of ['run', 'copy']) {
    const { code, stderr } = await build('--target', target);
    assert.equal(code, 1, target);
    assert.ok(stderr.includes(`no space left on the disk that holds ${rig.cacheDir}`), `${target}: ${stderr}`);
    assert.match(stderr, /prun/, target);
    assert.doesNotMatch(stderr, /our mistake/);
    assert.deepEqual(halves(rig.cacheDir), [], target);
    // What was there is there, on a disk that is nearly full.
    assert.match((await rig.ok(['build', ...rig.busybox, '--target', 'kept', '.'])).stderr, /0 run/);
  }
  await disk.grow();
  for (const [target, path, expected] of [
    ['run', 'ran', Buffer.from('ran\n')],
    ['copy', 'big', big],
  ] as const) {
    const { code, stderr } = await build('--target', target, '-o', `type=local,dest=${rig.path(target)}`);
    assert.equal(code, 0, stderr);
    assert.ok(readFileSync(rig.path(target, path)).equals(expected));
    assert.equal(readFileSync(rig.path(target, 'kept'), 'utf8'), 'kept\n');
  }
});

test('a disk that fills while layers are packed leaves no archive, and the export is whole with room again', async () => {
  const big = noise(20 << 20);
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY big /big\n', big });
  await using disk = await mountDisk(rig.cacheDir, '36m');
  const output = ['-o', `type=oci,dest=${rig.path('app.tar')},name=app:v1`, '.'];
  const { code, stderr } = await rig.cli(['build', ...output]);
  assert.equal(code, 1);
  assert.ok(stderr.includes(`no space left on the disk that holds ${rig.cacheDir}`), stderr);
  assert.equal(existsSync(rig.path('app.tar')), false);
  assert.deepEqual(halves(rig.cacheDir), []);
  await disk.grow();
  await rig.ok(['build', ...output]);
  await program('skopeo', [
    '--tmpdir',
    rig.root,
    'copy',
    `oci-archive:${rig.path('app.tar')}:v1`,
    `dir:${rig.path('d')}`,
  ]);
});

test('a full disk where the output goes is named, and prune makes room on a full cache', async () => {
  const big = noise(20 << 20);
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY big /big\n', big });
  await using outputs = await mountDisk(join(rig.root, 'outputs'), '8m');
  for (const output of [`type=oci,dest=${outputs.path}/app.tar`, `type=local,dest=${outputs.path}/files`]) {
    const { code, stderr } = await rig.cli(['build', '-o', output, '.']);
    assert.equal(code, 1, output);
    assert.ok(stderr.includes(`no space left on the disk that holds ${outputs.path}`), stderr);
    assert.doesNotMatch(stderr, /our mistake/);
  }
  assert.deepEqual(
    readdirSync(outputs.path).filter((name) => name.includes('.tar')),
    [],
  );

  await using _disk = await mountDisk(rig.cacheDir, '32m');
  await rig.cli(['build', '.']);
  await program('sh', ['-c', `cat /dev/zero > ${rig.cacheDir}/other; true`]);
  assert.match((await rig.ok(['prune', '--all'])).stdout, /Removed [1-9]/);
  const { stdout } = await rig.ok(['du', '--json']);
  assert.deepEqual(JSON.parse(stdout), []);
});
