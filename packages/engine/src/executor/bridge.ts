// A network namespace for each container, tied to the machine by a pair of virtual interfaces; what comes out of it is
// masqueraded. The pair is gone with the namespace, and the namespace with its mount, so that a killed engine leaves
// nothing but its rules, which carry its lease's name.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Failed } from '../std/failed.ts';
import { mount, mountFlags, unmount, unmountFlags } from '../sys/mount.ts';
import type { ExecutorFailure } from './failure.ts';
import type { Network, NetworkOptions } from './network.ts';
import { programPath } from './runtime.ts';

const run = promisify(execFile);

interface Tools {
  readonly ip: string;
  readonly nsenter: string;
  readonly unshare: string;
  readonly firewall: { readonly kind: 'iptables' | 'nft'; readonly path: string };
}

export const installBridgeTools = 'apt-get install -y iproute2 iptables';

/** Undefined where the machine lacks one of them. */
export function bridgeTools(): Tools | undefined {
  const [ip, nsenter, unshare, iptables, nft] = ['ip', 'nsenter', 'unshare', 'iptables', 'nft'].map(programPath);
  const firewall = iptables
    ? ({ kind: 'iptables', path: iptables } as const)
    : nft && ({ kind: 'nft', path: nft } as const);
  return ip && nsenter && unshare && firewall ? { ip, nsenter, unshare, firewall } : undefined;
}

/** /16 networks to take containers' addresses from; the first that touches none of the machine's others. */
const candidates = ['10.89', '10.213', '172.29', '10.177', '192.168'];

export class Bridge implements AsyncDisposable {
  readonly #tools: Tools;
  readonly #leaseId: string;
  /** The first two numbers of all addresses. */
  readonly #prefix: string;
  readonly #mtu: string;

  private constructor(tools: Tools, leaseId: string, prefix: string) {
    this.#tools = tools;
    this.#leaseId = leaseId;
    this.#prefix = prefix;
    this.#mtu = outwardMtu();
  }

  /** Throws `network-unavailable`. */
  static async open(leaseId: string, leaseFolder: string): Promise<Bridge> {
    const tools = bridgeTools();
    if (!tools) {
      return unavailable(`a network of its own needs ip, and iptables or nft; install them: ${installBridgeTools}`);
    }
    // Engines share one network: no two of their interfaces have the same addresses in it.
    const others = Object.entries(networkInterfaces()).filter(([name]) => !outsideName.test(name));
    const used = others.flatMap(([, list]) => list ?? []);
    const prefix = candidates.find((two) => !used.some(({ address }) => address.startsWith(`${two}.`)));
    if (prefix === undefined)
      return unavailable(`the networks ${candidates.join(', ')} are all in use on this machine`);
    try {
      writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
      // Before the rules, so that whoever cleans up after a dead engine knows that there may be some.
      writeFileSync(join(leaseFolder, marker), '');
      await addRules(tools, leaseId, `${prefix}.0.0/16`);
    } catch (error) {
      return unavailable('the machine does not let its network be changed', error);
    }
    return new Bridge(tools, leaseId, prefix);
  }

  /** A new namespace with a way out, kept at a file in `folder`; of `userNamespace` if one is told. */
  async connect(folder: string, { userNamespace }: NetworkOptions = {}): Promise<Network> {
    const { ip, nsenter } = this.#tools;
    const path = join(folder, 'network');
    const outside = `mk${randomBytes(6).toString('hex')}`;
    let inside: string;
    await using stack = new AsyncDisposableStack();
    try {
      writeFileSync(path, '');
      await this.#makeNamespace(path, userNamespace);
      stack.defer(() => unmount(path, unmountFlags.detach));
      const mtu = ['mtu', this.#mtu];
      await run(ip, ['link', 'add', outside, ...mtu, 'type', 'veth', 'peer', 'name', 'eth0', ...mtu, 'netns', path]);
      // It goes with the namespace, but a moment later.
      stack.defer(async () => void (await run(ip, ['link', 'delete', outside])));
      const block = addressBlock(Number(readFileSync(`/sys/class/net/${outside}/ifindex`, 'utf8')));
      const address = (host: number) => `${this.#prefix}.${block >> 8}.${(block & 0xff) + host}`;
      inside = address(2);
      await batch(ip, ['-batch', '-'], [`addr add ${address(1)}/30 dev ${outside}`, `link set ${outside} up`]);
      await batch(
        nsenter,
        [`--net=${path}`, ip, '-batch', '-'],
        ['link set lo up', `addr add ${inside}/30 dev eth0`, 'link set eth0 up', `route add default via ${address(1)}`],
      );
    } catch (error) {
      return unavailable("the container's network could not be made", error);
    }
    const held = stack.move();
    return {
      namespace: { kind: 'namespace', path },
      address: inside,
      [Symbol.asyncDispose]: () => held.disposeAsync(),
    };
  }

  async #makeNamespace(path: string, userNamespace: string | undefined): Promise<void> {
    const { unshare, nsenter } = this.#tools;
    if (userNamespace === undefined) {
      await run(unshare, [`--net=${path}`, 'true']);
      return;
    }
    // Who is in another user namespace may not mount here, so that is done for it, while it waits.
    const script = 'echo made; read -r _';
    const making = run(nsenter, [`--user=${userNamespace}`, unshare, '--net', '/bin/sh', '-c', script]);
    const { pid, stdin, stdout } = making.child;
    await Promise.race([once(stdout!, 'data'), making]);
    mount(`/proc/${pid}/ns/net`, path, { flags: mountFlags.bind });
    stdin!.end('\n');
    await making;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeRules(this.#tools, this.#leaseId);
  }

  /** What a dead lease added to the machine's firewall. None is no failure. */
  static async cleanUp(leaseId: string, leaseFolder: string): Promise<void> {
    const tools = existsSync(join(leaseFolder, marker)) ? bridgeTools() : undefined;
    if (tools) await removeRules(tools, leaseId);
  }
}

/** What the machine's ends of the pairs are called. */
const outsideName = /^mk[0-9a-f]{12}$/;

/** File in the folder of a lease that changed the firewall. */
const marker = 'firewall';

/** Four addresses for each pair. No two interfaces that exist have the same index. */
const addressBlock = (index: number): number => (index % 0x4000) * 4;

/** Packets larger than what leads outward takes would be lost silently. */
function outwardMtu(): string {
  const route = readFileSync('/proc/net/route', 'utf8')
    .split('\n')
    .map((line) => line.split('\t'))
    .find(([, destination, , flags]) => destination === '00000000' && Number.parseInt(flags ?? '0', 16) & 1);
  return route ? readFileSync(`/sys/class/net/${route[0]}/mtu`, 'utf8').trim() : '1500';
}

/** nft takes letters, digits and underlines. */
const ruleName = (leaseId: string) => `monokit_${leaseId.replace(/\W/g, '_')}`;

async function addRules({ firewall }: Tools, leaseId: string, network: string): Promise<void> {
  const name = ruleName(leaseId);
  if (firewall.kind === 'nft') {
    await batch(
      firewall.path,
      ['-f', '-'],
      [
        `add table ip ${name}`,
        `add chain ip ${name} out { type nat hook postrouting priority 100 ; }`,
        `add rule ip ${name} out ip saddr ${network} ip daddr != ${network} masquerade`,
      ],
    );
    return;
  }
  for (const rule of iptablesRules(name, network))
    await run(firewall.path, ['-w', '-t', rule[0]!, '-I', ...rule.slice(1)]);
}

/** Each a table, a chain and what is to be matched and done. */
function iptablesRules(name: string, network: string): string[][] {
  const comment = ['-m', 'comment', '--comment', name];
  return [
    ['nat', 'POSTROUTING', '-s', network, '!', '-d', network, ...comment, '-j', 'MASQUERADE'],
    // Where Docker runs, what it does not know is dropped.
    ['filter', 'FORWARD', '-s', network, ...comment, '-j', 'ACCEPT'],
    ['filter', 'FORWARD', '-d', network, ...comment, '-j', 'ACCEPT'],
  ];
}

async function removeRules({ firewall }: Tools, leaseId: string): Promise<void> {
  const name = ruleName(leaseId);
  if (firewall.kind === 'nft') {
    const isOurs = (line: string) => line === `table ip ${name}`;
    return removeListed(firewall.path, ['list', 'tables', 'ip'], isOurs, () => ['delete', 'table', 'ip', name]);
  }
  const words = (line: string) => line.split(' ').map((word) => word.replace(/^"(.*)"$/, '$1'));
  for (const [table, chain] of [
    ['nat', 'POSTROUTING'],
    ['filter', 'FORWARD'],
  ] as const) {
    await removeListed(
      firewall.path,
      ['-w', '-t', table, '-S', chain],
      (line) => words(line).includes(name),
      (line) => ['-w', '-t', table, '-D', ...words(line).slice(1)],
    );
  }
}

/** Removes what a list of the firewall has of ours. What others remove at the same time is no failure. */
async function removeListed(
  program: string,
  list: string[],
  isOurs: (line: string) => boolean,
  removal: (line: string) => string[],
): Promise<void> {
  const ours = async () => (await run(program, list)).stdout.split('\n').filter(isOurs);
  for (const line of await ours()) {
    try {
      await run(program, removal(line));
    } catch (error) {
      if ((await ours()).includes(line)) throw error;
    }
  }
}

/** Runs a program that reads its commands from its input. */
async function batch(program: string, args: readonly string[], lines: readonly string[]): Promise<void> {
  const running = run(program, args);
  running.child.stdin!.end(`${lines.join('\n')}\n`);
  await running;
}

function unavailable(message: string, cause?: unknown): never {
  const reason = cause instanceof Error ? `: ${cause.message.trim()}` : '';
  throw new Failed<ExecutorFailure>({ kind: 'network-unavailable', message: message + reason }, { cause });
}
