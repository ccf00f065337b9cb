// How long a change takes in a watch: `node bench/watch.ts [--images N] [--edits N]`, from the write of a file to the line
// that tells its new image; and what so many edits leave behind: memory, descriptors, mounts. Each image copies ten files,
// and every tenth is what the nine after it are built from.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxLayout } from '../test/rig/bases.ts';
import { bin } from '../test/rig/rig.ts';

const { values } = parseArgs({
  options: { images: { type: 'string', default: '10' }, edits: { type: 'string', default: '100' } },
});
const [images, edits] = [Number(values.images), Number(values.edits)];
const scratch = mkdtempSync(join(tmpdir(), 'bench-watch-'));
try {
  const project = makeProject(join(scratch, 'project'), images);
  const began = performance.now();
  const child = spawn(bin, ['watch', 'all'], {
    cwd: project,
    env: { ...process.env, NO_COLOR: '1', MONOKIT_CACHE_DIR: join(scratch, 'cache') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  let [wanted, heard, fail] = ['', () => {}, (_error: Error) => {}];
  const closed = once(child, 'close').then(() => fail(new Error(`the watch ended:\n${output}`)));
  child.stderr.on('data', (data: Buffer) => {
    output += data.toString('utf8');
    if (output.includes(wanted)) heard();
  });
  const hears = (text: string) =>
    new Promise<void>((resolve, reject) => {
      [wanted, heard] = [text, resolve];
      fail = reject;
      if (output.includes(text)) resolve();
    });
  await hears('watching ');
  const ready = performance.now() - began;
  const took: number[] = [];
  const looks = [lookAt(child.pid!)];
  for (let edit = 0; edit < edits; edit++) {
    output = '';
    const number = ((edit * 7) % images) + 1;
    // A change of those that others are built from would tell how long ten take.
    const image = `i${number % 10 === 0 ? number - 1 : number}`;
    const start = performance.now();
    writeFileSync(join(project, image, 'src/f0'), `${edit} ${Math.random()}`);
    await hears(` ${image}  ${image}/src/f0`);
    took.push(performance.now() - start);
    if ((edit + 1) % Math.ceil(edits / 10) === 0) looks.push(lookAt(child.pid!));
  }
  child.kill('SIGINT');
  await closed;
  took.sort((a, b) => a - b);
  const at = (share: number) => Math.round(took[Math.min(took.length - 1, Math.floor(took.length * share))]!);
  console.log(
    `${images} images, watched after ${Math.round(ready)} ms; ${edits} edits: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`,
  );
  console.table(looks);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function makeProject(folder: string, count: number): string {
  for (let i = 1; i <= count; i++) {
    const own = join(folder, `i${i}`);
    mkdirSync(join(own, 'src'), { recursive: true });
    const base = i % 10 === 0 ? 'busybox' : `i${Math.min(count, Math.ceil(i / 10) * 10)}`;
    writeFileSync(join(own, 'Dockerfile'), `FROM ${base === `i${i}` ? 'busybox' : base}\nCOPY src /src/i${i}\n`);
    for (let file = 0; file < 10; file++) writeFileSync(join(own, `src/f${file}`), `${i} ${file}`);
  }
  const contexts = { busybox: `oci-layout://${busyboxLayout()}` };
  writeFileSync(join(folder, 'buildkit.config.json'), JSON.stringify({ discover: true, defaults: { contexts } }));
  return folder;
}

/** What the process holds now. */
function lookAt(pid: number): object {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const of = (kind: string) => Math.round(Number(new RegExp(`^${kind}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]) / 1000);
  return {
    'memory MB': of('Pss'),
    // The rest are pages of files, such as the index's, which the kernel takes back when it needs them.
    'own MB': of('Pss_Anon'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    mounts: readFileSync(`/proc/${pid}/mounts`, 'latin1').split('\n').length - 1,
  };
}
