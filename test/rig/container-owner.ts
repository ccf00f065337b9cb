// A process of its own that runs containers, for tests to kill: `node container-owner.ts SCRIPT [MOUNTS]`. Says on a line
// where its things are once a container is up, and on another how the container ended.
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { messageOf, openContainerRig, secret } from './container.ts';

const [script = 'true'] = process.argv.slice(2);
const rig = await openContainerRig();
const outside = makeTempFolder();
const ran = await rig.run(`echo up; ${script}`, {
  mounts: [secret('/s', 'sesame'), { kind: 'bind', target: '/outside', path: outside.path, readonly: false }],
  onOutput: (text) => {
    if (text !== 'up\n') return;
    const { runFolder, leaseId, folder } = rig;
    console.log(JSON.stringify({ runFolder, leaseId, folder, outside: outside.path }));
  },
});
console.log(JSON.stringify({ ...ran, error: ran.error === undefined ? undefined : messageOf(ran) }));
await rig[Symbol.asyncDispose]();
await outside[Symbol.asyncDispose]();
