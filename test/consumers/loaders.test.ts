// podman and containerd take our images by --load; Docker's newer store is played by a server here.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { foreignBusybox } from '../rig/foreign.ts';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';

const dockerfile = 'FROM busybox\nRUN echo hello > /said\nCMD ["cat", "/said"]\n';

test('podman has what was loaded, which is sent once', async () => {
  await using rig = await Rig.open({ Dockerfile: dockerfile });
  const folder = (name: string) => `${rig.root}/podman/${name}`;
  mkdirSync(folder('conf'), { recursive: true });
  // A store of its own, which mounts nothing.
  const storage = ['driver = "vfs"', `graphroot = "${folder('graph')}"`, `runroot = "${folder('run')}"`];
  writeFileSync(folder('conf/storage.conf'), `[storage]\n${storage.join('\n')}\n`);
  const engine = ['events_logger = "file"', `tmp_dir = "${folder('tmp')}"`];
  writeFileSync(folder('conf/containers.conf'), `[engine]\n${engine.join('\n')}\n`);
  const env = {
    CONTAINERS_STORAGE_CONF: folder('conf/storage.conf'),
    CONTAINERS_CONF: folder('conf/containers.conf'),
  };
  const podman = (...args: string[]) => program('podman', args, env);
  const load = (name: string) => rig.ok(['build', ...rig.busybox, '--load=podman', '-t', name, '.'], { env });
  await load('app:v1');
  const [first] = JSON.parse(await podman('image', 'inspect', 'app:v1'));
  assert.deepEqual(first.Config.Cmd, ['cat', '/said']);
  assert.equal(first.RootFS.Layers.length, 2);
  await load('app:v2');
  const [second] = JSON.parse(await podman('image', 'inspect', 'docker.io/library/app:v2'));
  assert.equal(second.Id, first.Id);
  const loads = await podman('events', '--stream=false', '--filter', 'event=loadfromarchive');
  assert.equal(loads.trim().split('\n').length, 1, loads);
});

test('containerd takes all platforms of an image', async () => {
  const { architecture, path } = foreignBusybox();
  await using containerd = await startContainerd();
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY busybox /$TARGETARCH\n' });
  await program('cp', [path, rig.path('busybox')]);
  const env = { CONTAINERD_ADDRESS: containerd.address, CONTAINERD_NAMESPACE: 'tests' };
  const platforms = `linux/amd64,linux/${architecture}`;
  for (let time = 0; time < 2; time++) {
    await rig.ok(['build', '--platform', platforms, '--load=containerd', '-t', 'app', '.'], { env });
  }
  const ctr = (...args: string[]) => program('ctr', ['-a', containerd.address, '-n', 'tests', ...args]);
  const listed = await ctr('images', 'list');
  assert.match(listed, /^docker\.io\/library\/app:latest +application\/vnd\.oci\.image\.index/m);
  for (const platform of platforms.split(',')) assert.ok(listed.includes(platform), listed);

  const nameless = await rig.cli(['build', '--load=containerd', '.'], { env });
  assert.match(nameless.stderr, /containerd keeps images by their names; give it one: -t NAME/);
  const gone = await rig.cli(['build', '--load=containerd', '.'], { env: { CONTAINERD_ADDRESS: rig.path('no.sock') } });
  assert.match(gone.stderr, /containerd can't be reached: .*no\.sock/);
});

test('a daemon with containerd’s store gets indexes, and what it says is wrong is told', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  let complaint = '';
  let archive: Buffer | undefined;
  const server = createServer((request, response) => {
    const path = request.url!;
    const json = (value: unknown, status = 200) => void response.writeHead(status).end(`${JSON.stringify(value)}\n`);
    if (path === '/_ping') response.end('OK');
    else if (path === '/info') json({ DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] });
    else if (path.startsWith('/images/load')) void loaded(response, buffer(request));
    else json({ message: 'no such image' }, 404);
  });
  async function loaded(response: ServerResponse, body: Promise<Buffer>): Promise<void> {
    archive = await body;
    response.end(`{"stream":"Loaded image: app:latest"}\n${complaint ? JSON.stringify({ error: complaint }) : ''}\n`);
  }
  const socket = `${rig.root}/docker.sock`;
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  await using _closed = { [Symbol.asyncDispose]: async () => void server.close() };
  const env = { DOCKER_HOST: `unix://${socket}` };
  const build = () => rig.cli(['build', '--platform', 'linux/amd64,linux/arm64', '--load', '-t', 'app', '.'], { env });
  const { code, stderr } = await build();
  assert.equal(code, 0, stderr);
  assert.ok(archive!.includes('index.json') && !archive!.includes('manifest.json'));
  complaint = 'no space left on device';
  const failed = await build();
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /Docker did not take the image: no space left on device/);
});

/** Debian's containerd with an empty store of its own. */
async function startContainerd(): Promise<AsyncDisposable & { readonly address: string }> {
  await using stack = new AsyncDisposableStack();
  const rig = stack.use(await Rig.open());
  const at = (name: string) => `${rig.root}/${name}`;
  const config = `version = 2\nroot = "${at('root')}"\nstate = "${at('state')}"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n`;
  writeFileSync(at('config.toml'), config);
  const address = at('containerd.sock');
  const child = spawn('containerd', ['--config', at('config.toml'), '--address', address], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  stack.defer(async () => {
    child.kill();
    await ended;
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', () => reject(new Error('this test needs containerd: apt-get install -y containerd')));
    createInterface(child.stderr).on('line', (line) => line.includes('successfully booted') && resolve());
    void ended.then(() => reject(new Error('containerd ended')));
  });
  const held = stack.move();
  return { address, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
