// Ports of a container as people write them: compose's short form and its long form.

import { isIP } from 'node:net';
import type { ImageWatch, WatchPort } from './config.ts';
import { listOf } from './layers.ts';
import type { PortSpec } from './target.ts';

/** Each port by itself; those of ranges, too. Throws a `TypeError` that says what is wrong. */
export function readPorts({ ports }: Pick<ImageWatch, 'ports'>): readonly PortSpec[] {
  return listOf(ports).flatMap((each) => (typeof each === 'object' ? longForm(each) : shortForm(String(each))));
}

/** `TARGET`, `PUBLISHED:TARGET` or `ADDRESS:PUBLISHED:TARGET`, with `/udp` behind; numbers may be ranges. */
function shortForm(written: string): readonly PortSpec[] {
  const [, address, published, target, protocol = 'tcp'] =
    /^(?:(?:\[?([\d.]+|[\da-f:.]*:[\da-f:.]*)\]?:)?([\d-]*):)?([\d-]+)(?:\/(\w+))?$/i.exec(written) ?? [];
  if (target === undefined) {
    throw new TypeError(`ports: ${JSON.stringify(written)} is not a port: write 8080:80, or 127.0.0.1:8080:80`);
  }
  return ranged(written, { target, published: published || undefined, address, protocol });
}

function longForm({ target, published, host_ip: address, protocol = 'tcp' }: WatchPort): readonly PortSpec[] {
  const at = address === undefined ? '' : `${address}:`;
  const text = `${at}${published === undefined ? at && ':' : `${published}:`}${target}`;
  const outside = published === undefined || published === '' ? undefined : String(published);
  return ranged(text, { target: String(target), published: outside, address, protocol });
}

interface Written {
  readonly target: string;
  readonly published: string | undefined;
  readonly address: string | undefined;
  readonly protocol: string;
}

function ranged(text: string, { target, published, address, protocol }: Written): readonly PortSpec[] {
  const refuse = (why: string): never => {
    throw new TypeError(`ports: ${JSON.stringify(text)}: ${why}`);
  };
  if (protocol !== 'tcp' && protocol !== 'udp') return refuse(`${protocol} is neither tcp nor udp`);
  if (address && !isIP(address)) return refuse(`${JSON.stringify(address)} is not an address`);
  const inside = numbersOf(target) ?? refuse(`${JSON.stringify(target)} is neither a port nor a range of ports`);
  const outside =
    published === undefined
      ? undefined
      : (numbersOf(published) ?? refuse(`${JSON.stringify(published)} is neither a port nor a range of ports`));
  if (outside && outside.length !== inside.length) return refuse('both sides need as many ports');
  const isEverywhere = !address || address === '0.0.0.0' || address === '::';
  return inside.map((number, i) => ({
    text: inside.length === 1 ? text : `${outside ? `${outside[i]}:` : ''}${number}`,
    target: number,
    ...(outside && { published: outside[i]! }),
    ...(!isEverywhere && { address }),
    protocol,
  }));
}

/** The numbers of `80` or `8000-8010`; undefined for what is neither. */
function numbersOf(written: string): readonly number[] | undefined {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(written) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (!(from > 0 && from <= to && to < 65_536)) return undefined;
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
