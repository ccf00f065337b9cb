// Addresses and networks in CIDR notation.

import { isIPv4, isIPv6 } from 'node:net';
import { FunctionError, type HclFunction } from '../function.ts';
import { number, string } from '../type.ts';
import { list, stringOf, text, type Value } from '../value.ts';
import { fn, numbers, param, texts, whole } from './parameters.ts';

interface Network {
  /** The first address. */
  readonly address: bigint;
  readonly prefix: number;
  /** Of an address: 32 or 128. */
  readonly bits: number;
}

export const networkFunctions: Readonly<Record<string, HclFunction>> = {
  cidrhost: fn([...texts('prefix'), ...numbers('hostnum')], (given, index) => {
    const network = readNetwork(stringOf(given!));
    const host = whole(index!, 1);
    const size = 1n << BigInt(network.bits - network.prefix);
    // Below zero counts from the end.
    const offset = host < 0 ? size + BigInt(host) : BigInt(host);
    if (offset < 0n || offset >= size)
      throw new FunctionError(`a prefix of ${network.prefix} bits has no room for host ${host}`, 1);
    return text(addressText(network.address + offset, network.bits));
  }),
  cidrnetmask: fn(texts('prefix'), (given) => {
    const { prefix, bits } = readNetwork(stringOf(given!));
    return text(addressText(maskOf(prefix, bits), bits));
  }),
  cidrsubnet: fn([...texts('prefix'), ...numbers('newbits', 'netnum')], (given, more, index) => {
    const network = readNetwork(stringOf(given!));
    const [newBits, chosen] = [whole(more!, 1), whole(index!, 2)];
    const prefix = network.prefix + newBits;
    if (newBits > 32) throw new FunctionError('a prefix is extended by at most 32 bits', 1);
    if (newBits < 0 || prefix > network.bits)
      throw new FunctionError(`a prefix of ${network.prefix} bits cannot be extended by ${newBits}`, 1);
    if (chosen < 0 || BigInt(chosen) >= 1n << BigInt(newBits))
      throw new FunctionError(`${newBits} more bits have no room for network ${chosen}`, 2);
    const address = network.address + (BigInt(chosen) << BigInt(network.bits - prefix));
    return text(networkText({ ...network, address, prefix }));
  }),
  cidrsubnets: fn(texts('prefix'), subnets, param('newbits', number)),
};

function subnets(...[given, ...lengths]: readonly Value[]): Value {
  const network = readNetwork(stringOf(given!));
  const end = network.address + (1n << BigInt(network.bits - network.prefix));
  let next = network.address;
  const made = lengths.map((length, index) => {
    const newBits = whole(length, index + 1);
    const prefix = network.prefix + newBits;
    if (newBits < 1 || newBits > 32) throw new FunctionError('a prefix is extended by 1 to 32 bits', index + 1);
    if (prefix > network.bits)
      throw new FunctionError(`${prefix} bits are more than an address of ${network.bits} has`, index + 1);
    const size = 1n << BigInt(network.bits - prefix);
    // A network begins at a multiple of its own size.
    const address = ((next + size - 1n) / size) * size;
    if (address + size > end) throw new FunctionError(`there is no room for a network of ${prefix} bits`, index + 1);
    next = address + size;
    return text(networkText({ ...network, address, prefix }));
  });
  return list(string, made);
}

function readNetwork(written: string): Network {
  const [, address = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(written) ?? [];
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  if (bits === 0 || Number(prefix) > bits)
    throw new FunctionError(`${JSON.stringify(written)} is not a network such as 10.0.0.0/8`, 0);
  const value = bits === 32 ? addressOf4(address) : addressOf6(address);
  return { address: value & maskOf(Number(prefix), bits), prefix: Number(prefix), bits };
}

function maskOf(prefix: number, bits: number): bigint {
  return ((1n << BigInt(prefix)) - 1n) << BigInt(bits - prefix);
}

function addressOf4(written: string): bigint {
  return written.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function addressOf6(written: string): bigint {
  const plain = written.replace(/[\d.]+$/, (tail) => {
    if (!tail.includes('.')) return tail;
    const value = addressOf4(tail);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

function networkText({ address, prefix, bits }: Network): string {
  return `${addressText(address, bits)}/${prefix}`;
}

function addressText(address: bigint, bits: number): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt(112 - index * 16)) & 0xffffn).toString(16),
  );
  // The longest run of zeros, if there are two or more in a row, is left out.
  let [start, length] = [0, 1];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (groups[end] === '0') end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}
