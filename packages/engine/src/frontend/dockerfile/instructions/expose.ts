import { isIP } from 'node:net';
import { goQuote } from '../../../std/go-quote.ts';
import { mistake } from '../failure.ts';
import { readFlags } from '../flags.ts';
import { atLeastOne, plainWords } from '../forms.ts';
import { goList } from '../go-format.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';

/** `EXPOSE port[/protocol] …`: ports that a container serves. */
export interface Expose {
  readonly kind: 'expose';
  readonly node: Node;
  readonly ports: readonly string[];
}

export function readExpose(node: Node): Expose {
  const ports = plainWords(node.rest);
  if (ports.length === 0) throw atLeastOne('EXPOSE');
  readFlags(node.flags, {});
  return { kind: 'expose', node, ports: ports.sort() };
}

export function convertExpose({ ports }: Expose, stage: Stage): void {
  const exposed = ports.flatMap((port) => stage.expandWords(port)).flatMap((port) => readPorts(port, stage));
  for (const port of exposed) stage.image.expose(port);
  stage.record(`EXPOSE ${goList(exposed)}`);
}

/** `[[ip:]host-port:]port[-port][/protocol]` as a list of `port/protocol`. */
function readPorts(text: string, stage: Stage): string[] {
  const pieces = text.split(':');
  const [container = '', protocol] = split(pieces.pop()!, '/');
  const hostPort = pieces.pop() ?? '';
  const ip = pieces.join(':');
  if (container === '') throw mistake(`invalid port: ${goQuote(text)}: no port specified`, { token: text });
  const known = protocol === undefined || ['', 'tcp', 'udp', 'sctp'].includes(protocol.toLowerCase());
  if (!known) throw mistake(`invalid port: ${goQuote(text)}: invalid proto: ${protocol}`, { token: text });
  if (protocol && protocol !== protocol.toLowerCase()) {
    stage.warn('ExposeProtoCasing', `Defined protocol '${text}' in EXPOSE instruction should be lowercase`);
  }
  if (ip !== '' || hostPort !== '') {
    stage.warn(
      'ExposeInvalidFormat',
      `EXPOSE instruction should not define an IP address or host-port mapping, found '${text}'`,
    );
  }
  const bare = ip.replace(/^\[(.*)\]$/, '$1');
  if (ip !== '' && isIP(bare) === 0) throw mistake(`invalid IP address: ${bare}`, { token: text });
  const range = readRange(container);
  if (!range) throw mistake(`invalid containerPort: ${container}`, { token: container });
  if (hostPort !== '') {
    const host = readRange(hostPort);
    if (!host) throw mistake(`invalid hostPort: ${hostPort}`, { token: hostPort });
    if (range.last > range.first && host.last - host.first !== range.last - range.first) {
      throw mistake(`invalid ranges specified for container and host Ports: ${container} and ${hostPort}`, {
        token: text,
      });
    }
  }
  const ports = Array.from({ length: range.last - range.first + 1 }, (_, offset) => range.first + offset);
  return ports.map((port) => `${port}/${protocol?.toLowerCase() || 'tcp'}`);
}

function readRange(text: string): { first: number; last: number } | undefined {
  const [start = '', end = start] = split(text, '-');
  if (![start, end].every((port) => /^\+?\d+$/.test(port) && Number(port) <= 65535)) return undefined;
  const [first, last] = [Number(start), Number(end)];
  return last < first ? undefined : { first, last };
}

function split(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
