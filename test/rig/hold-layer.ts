// A process that has committed one layer, holds another half written and a tree mounted, until it is killed.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPool } from '../../packages/engine/src/pool/pool.ts';
import { mounted } from '../../packages/engine/src/snapshot/mounts.ts';
import { openSnapshotter } from '../../packages/engine/src/snapshot/open.ts';
import type { Snapshotter } from '../../packages/engine/src/snapshot/snapshotter.ts';

const [root, kind] = process.argv.slice(2) as [string, Snapshotter['kind']];
const snapshotter = await openSnapshotter(root, { pool: openPool(), kind });
const done = await snapshotter.prepare([], { unpack: true });
writeFileSync(join(done.upper, 'done'), 'done');
const id = await done.commit();
const half = await snapshotter.prepare([id], { unpack: true });
writeFileSync(join(half.upper, 'half'), 'half');
const mount = await mounted(await snapshotter.view([id]));
process.stdout.write(`${id} ${mount.path}\n`);
process.stdin.resume();
