// A process that has committed one layer and holds another half written, until it is killed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPool } from '../../packages/engine/src/pool/pool.ts';
import { openSnapshotter } from '../../packages/engine/src/snapshot/open.ts';
import type { Snapshotter } from '../../packages/engine/src/snapshot/snapshotter.ts';

const [root, kind] = process.argv.slice(2) as [string, Snapshotter['kind']];
const snapshotter = await openSnapshotter(root, { pool: openPool(), kind });
const done = await snapshotter.prepare([], { unpack: true });
writeFileSync(join(done.upper, 'done'), 'done');
const id = await done.commit();
const half = await snapshotter.prepare([id], { unpack: true });
writeFileSync(join(half.upper, 'half'), 'half');
process.stdout.write(`${id}\n`);
process.stdin.resume();
