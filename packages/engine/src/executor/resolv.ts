// A container's /etc/resolv.conf, made from the machine's (EX-013).

import { readFileSync, statSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';

/** What replaces the machine's own settings. */
export interface Dns {
  readonly nameservers?: readonly string[];
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

const machineFile = '/etc/resolv.conf';
/** What systemd-resolved really asks; its own address answers on the machine's loopback only. */
const resolvedFile = '/run/systemd/resolve/resolv.conf';
const publicServers = ['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844'];

/** The machine's file for containers in that network, and its time, which changes when it must be read again. */
export function resolvSource(network: 'host' | 'own'): { readonly text: string; readonly mtime: number } {
  const text = read(machineFile);
  const servers = network === 'host' ? [] : parse(text).nameservers;
  const file = servers.length === 1 && servers[0] === '127.0.0.53' ? resolvedFile : machineFile;
  return {
    text: file === machineFile ? text : read(file),
    mtime: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  };
}

/** A container with a network of its own cannot reach servers on the machine's loopback: without others it gets public ones. */
export function resolvText(source: string, network: 'host' | 'own', dns: Dns = {}): string {
  const given = parse(source);
  const search = dns.search?.length ? dns.search.filter((name) => name !== '.') : given.search;
  const options = dns.options?.length ? dns.options : given.options;
  let servers = dns.nameservers?.length ? dns.nameservers : given.nameservers;
  if (!dns.nameservers?.length && (network === 'own' || servers.length === 0)) {
    servers = servers.filter((address) => !isLoopback(address));
    if (servers.length === 0) servers = publicServers;
  }
  return [
    ...servers.map((address) => `nameserver ${address}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    ...given.other,
    '',
  ].join('\n');
}

interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  readonly other: readonly string[];
}

function parse(text: string): ResolvConf {
  const nameservers: string[] = [];
  const options: string[] = [];
  const other: string[] = [];
  let search: readonly string[] = [];
  for (const line of text.split('\n')) {
    if (/^[#;]/.test(line)) continue;
    const [word, ...rest] = line.trim().split(/\s+/);
    if (!word) continue;
    if (word === 'nameserver') {
      if (rest[0] && isIP(rest[0])) nameservers.push(rest[0]);
    } else if (word === 'search' || word === 'domain') {
      if (rest.length > 0) search = rest;
    } else if (word === 'options') options.push(...rest);
    else other.push(line);
  }
  return { nameservers, search, options, other };
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

function isLoopback(address: string): boolean {
  return loopback.check(address.replace(/%.*/, ''), isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
