// A process of its own that runs containers, for tests to kill: `node container-owner.ts SCRIPT`. Says on a line
// where its things are once a container is up, and on another how the container ended.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, openContainerRig, secret } from './container.ts';

const [script = 'true'] = process.argv.slice(2);
const rig = await openContainerRig();
const outside = join(rig.folder, 'outside');
mkdirSync(outside);
writeFileSync(join(outside, 'precious'), '');
const ran = await rig.run(`echo up; ${script}`, {
  mounts: [
    secret('/s', 'sesame'),
    { kind: 'bind', target: '/outside', path: outside, readonly: false },
    { kind: 'tree', target: '/tree', mount: { kind: 'bind', path: outside, readonly: true }, readonly: true },
    {
      kind: 'tree',
      target: '/part',
      mount: { kind: 'bind', path: rig.folder, readonly: true },
      selector: '/outside',
      readonly: true,
    },
  ],
  onOutput: (text) => {
    if (text !== 'up\n') return;
    const { runFolder, leaseId, folder } = rig;
    console.log(JSON.stringify({ runFolder, leaseId, folder, outside }));
  },
});
console.log(JSON.stringify({ ...ran, error: ran.error === undefined ? undefined : messageOf(ran) }));
await rig[Symbol.asyncDispose]();
