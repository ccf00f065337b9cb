import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { bridgeTools } from '../../packages/engine/src/executor/bridge.ts';
import { cleanDead } from '../../packages/engine/src/executor/dead.ts';
import { leaseFolder } from '../../packages/engine/src/executor/lease.ts';
import { messageOf, openContainerRig } from '../rig/container.ts';

test('a container with a network of its own reaches the machine through it, and leaves no rule', async () => {
  await using rig = await openContainerRig({ network: 'bridge' });
  const tools = bridgeTools();
  if (!tools) {
    const ran = await rig.run('true', { network: 'sandbox' });
    assert.match(messageOf(ran), /needs ip, and iptables or nft; install them: apt-get install/);
    return;
  }
  await using server = createServer((socket) => socket.end(`${socket.remoteAddress}\n`)).listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script = `ls /sys/class/net; way=$(ip route | awk '/^default/ { print $3 }'); echo $way; nc $way ${port} < /dev/null`;
  const runs = await Promise.all([1, 2].map(() => rig.output(script, { network: 'sandbox' })));
  const found = runs.map((text) => /^eth0\nlo\n([\d.]+)\n::ffff:([\d.]+)\n$/.exec(text) ?? assert.fail(text));
  const [ways, addresses] = [1, 2].map((i) => new Set(found.map((groups) => groups[i]!))) as [Set<string>, Set<string>];
  assert.deepEqual([ways.size, addresses.size], [2, 2], JSON.stringify(runs));
  // Other builds on this machine may have theirs.
  const ofMachine = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
  assert.deepEqual(ways.intersection(new Set(ofMachine)), new Set());
  const rules = () =>
    execFileSync(tools.firewall.path, tools.firewall.kind === 'nft' ? ['list', 'ruleset'] : ['-w', '-t', 'nat', '-S'], {
      encoding: 'utf8',
    });
  const name = `monokit_${rig.leaseId.replace(/\W/g, '_')}`;
  assert.match(rules(), new RegExp(name));
  // As for a lease whose owner died, by several engines that come upon it.
  await Promise.all([1, 2, 3].map(() => cleanDead(rig.runFolder, [rig.leaseId])));
  assert.doesNotMatch(rules(), new RegExp(name));
  assert.throws(() => execFileSync('ls', [leaseFolder(rig.runFolder, rig.leaseId)], { stdio: 'ignore' }));
});

test('more builds at the same time than there are networks to choose from share one', async () => {
  if (!bridgeTools()) return;
  await using stack = new AsyncDisposableStack();
  const held = new Map<Socket, string>();
  // The other side has nothing to say, and waits until this one has nothing more.
  const server = stack.use(
    createServer({ allowHalfOpen: true }, (socket) => {
      held.set(socket.resume(), socket.remoteAddress!.replace('::ffff:', ''));
    }).listen(0),
  );
  stack.defer(() => held.keys().forEach((socket) => socket.destroy()));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script = `nc $(ip route | awk '/^default/ { print $3 }') ${port}; echo over`;
  const runs: Promise<string>[] = [];
  for (let i = 0; i < 6; i++) {
    const rig = stack.use(await openContainerRig({ network: 'bridge' }));
    const run = rig.output(script, { network: 'sandbox' });
    runs.push(run);
    // The network of each is there before the next one looks for its own.
    await Promise.race([once(server, 'connection'), run]);
  }
  const addresses = [...held.values()];
  assert.equal(new Set(addresses).size, 6, addresses.join());
  assert.equal(new Set(addresses.map((address) => address.split('.', 2).join('.'))).size, 1, addresses.join());
  for (const socket of held.keys()) socket.end();
  for (const told of await Promise.all(runs)) assert.match(told, /over\n$/);
});
