// How long layers take to pack and unpack: `node bench/layers.ts [--size MB] [--tree FOLDER]`. Prints a table of wall and
// processor seconds; goals for 500 MB on two cores: gzip 14.4 s, zstd 4.7 s. Without a tree a mixed one is made (text
// like source code, machine code, what does not shrink).

import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openPool } from '../packages/engine/src/pool/pool.ts';
import { applyLayer } from '../packages/engine/src/snapshot/apply.ts';
import { packLayer } from '../packages/engine/src/snapshot/pack.ts';

const { values } = parseArgs({ options: { size: { type: 'string', default: '100' }, tree: { type: 'string' } } });
const scratch = mkdtempSync(join(tmpdir(), 'bench-layers-'));
try {
  const upper = values.tree ?? makeTree(join(scratch, 'tree'), Number(values.size) * 1e6);
  await using pool = openPool();
  const rows = [];
  for (const compression of ['uncompressed', 'zstd', 'gzip'] as const) {
    const output = join(scratch, compression);
    const packed = await timed(() => pool.run(packLayer, { upper, below: [], output, compression }));
    const into = join(scratch, `${compression}-out`);
    mkdirSync(into);
    const applied = await timed(() =>
      pool.run(applyLayer, { blob: output, upper: into, below: [], diffId: packed.value.diffId }),
    );
    rmSync(into, { recursive: true });
    rows.push({
      compression,
      'tar MB': mega(applied.value.size),
      'blob MB': mega(packed.value.size),
      'pack s': packed.wall,
      'pack cpu': packed.cpu,
      'unpack s': applied.wall,
      'unpack cpu': applied.cpu,
    });
  }
  console.table(rows);
  console.log(`largest resident size: ${mega(process.resourceUsage().maxRSS * 1024)} MB`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; wall: number; cpu: number }> {
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  const value = await work();
  const used = process.cpuUsage(cpu);
  return { value, wall: seconds(performance.now() - wall), cpu: seconds((used.user + used.system) / 1000) };
}

/** Copies of what this project stands on, and a twentieth that does not shrink, up to `size` bytes. */
function makeTree(root: string, size: number): string {
  const modules = join(import.meta.dirname, '../node_modules');
  let total = 0;
  for (let round = 0; total < size; round++) {
    for (const name of readdirSync(modules)) {
      const to = join(root, String(round), name);
      cpSync(join(modules, name), to, { recursive: true, verbatimSymlinks: true });
      const added = bytesOf(to);
      writeFileSync(join(root, String(round), `${name}.random`), randomBytes(Math.ceil(added / 20)));
      total += added * 1.05;
      if (total >= size) break;
    }
  }
  return root;
}

function bytesOf(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.size ?? 0;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

function mega(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 10) / 100;
}
