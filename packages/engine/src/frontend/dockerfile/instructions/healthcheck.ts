import type { Healthcheck } from '../../../oci/image-config.ts';
import { parseGoDuration } from '../../../std/go-duration.ts';
import { mistake } from '../failure.ts';
import { readFlags } from '../flags.ts';
import { atLeastOne, jsonOrText } from '../forms.ts';
import { goHealthcheck } from '../go-format.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';

/** `HEALTHCHECK NONE`, or `HEALTHCHECK [flags] CMD …`. */
export interface HealthcheckInstruction {
  readonly kind: 'healthcheck';
  readonly node: Node;
  readonly check: Healthcheck;
}

export const flagKinds = {
  interval: 'text',
  timeout: 'text',
  'start-period': 'text',
  'start-interval': 'text',
  retries: 'text',
} as const;

export function readHealthcheck(node: Node): HealthcheckInstruction {
  const [word = '', rest = ''] = /^(\S*)\s*([^]*)$/.exec(node.rest)?.slice(1) ?? [];
  if (word === '') throw atLeastOne('HEALTHCHECK');
  const type = word.toUpperCase();
  if (type === 'NONE') {
    if (rest !== '') throw mistake('HEALTHCHECK NONE takes no arguments', { token: rest });
    return { kind: 'healthcheck', node, check: { Test: ['NONE'] } };
  }
  const flags = readFlags(node.flags, flagKinds);
  if (type !== 'CMD') throw mistake(`Unknown type "${type}" in HEALTHCHECK (try CMD)`, { token: word });
  const { args, json } = jsonOrText(rest);
  if (args.length === 0) throw mistake('Missing command after HEALTHCHECK CMD');
  const times = {
    Interval: interval('interval', flags.interval),
    Timeout: interval('timeout', flags.timeout),
    StartPeriod: interval('start-period', flags['start-period']),
    StartInterval: interval('start-interval', flags['start-interval']),
    Retries: retries(flags.retries),
  };
  const set = Object.fromEntries(Object.entries(times).filter(([, value]) => value !== 0));
  return { kind: 'healthcheck', node, check: { Test: [json ? 'CMD' : 'CMD-SHELL', ...args], ...set } };
}

export function convertHealthcheck(instruction: HealthcheckInstruction, stage: Stage): void {
  stage.usedOnce(instruction);
  stage.image.healthcheck = instruction.check;
  stage.record(`HEALTHCHECK ${goHealthcheck(instruction.check)}`);
}

const millisecond = 1_000_000;

function interval(name: string, text: string | undefined): number {
  if (!text) return 0;
  let value: number;
  try {
    value = parseGoDuration(text);
  } catch (error) {
    throw mistake(error instanceof Error ? error.message : String(error), { token: text, cause: error });
  }
  if (value !== 0 && value < millisecond) throw mistake(`Interval "${name}" cannot be less than 1ms`, { token: text });
  return value;
}

function retries(text: string | undefined): number {
  if (!text) return 0;
  if (!/^[+-]?\d+$/.test(text) || Math.abs(Number(text)) >= 2 ** 31) {
    throw mistake(`--retries is not a whole number: ${text}`, { token: text });
  }
  if (Number(text) < 0) throw mistake(`--retries cannot be negative (${Number(text)})`, { token: text });
  return Number(text);
}
