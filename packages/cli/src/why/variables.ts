// Where a variable that a step sees got another value from.

import type { Components, PlatformComponents } from './components.ts';
import type { Declared } from './declared.ts';

export interface VariableChange {
  readonly kind: 'argument' | 'variable' | 'platform';
  /** `ARG V`, `ENV V`. */
  readonly what: string;
  /** `1→2`. */
  readonly how: string;
  /** Where it was declared otherwise, or who gave it. */
  readonly from?: string;
}

/** One platform of an image with what was asked for. */
export interface Side {
  readonly asked: Components['asked'];
  readonly declared: PlatformComponents['declared'];
  readonly platform: string;
}

/** Says of a variable why it has another value: `old` and `now` are those that a step saw. */
export function variableChange(
  name: string,
  { old, now }: { readonly old: string | undefined; readonly now: string | undefined },
  { before, after }: { readonly before: Side; readonly after: Side },
): VariableChange {
  const how = arrow(old, now);
  const [given, gave] = [after.asked[`build-arg:${name}`], before.asked[`build-arg:${name}`]];
  if (given !== gave) return { kind: 'argument', what: `ARG ${name}`, how, from: 'build argument' };
  if (/^(TARGET|BUILD)(PLATFORM|OS|ARCH|VARIANT|OSVERSION)$/.test(name)) return { kind: 'platform', what: name, how };
  for (const kind of ['ARG', 'ENV'] as const) {
    const place = editedAt(name, kind, before.declared, after.declared);
    if (place !== undefined) {
      return { kind: kind === 'ARG' ? 'argument' : 'variable', what: `${kind} ${name}`, how, from: place };
    }
  }
  const kinds = new Set(after.declared.filter((each) => each.name === name).map(({ kind }) => kind));
  const kind = kinds.has('ENV') ? 'ENV' : kinds.has('ARG') ? 'ARG' : 'ENV';
  return { kind: kind === 'ARG' ? 'argument' : 'variable', what: `${kind} ${name}`, how };
}

/** Variables that a text names and that are given or declared otherwise than before. */
export function changedVariables(
  text: string,
  sides: { readonly before: Side; readonly after: Side },
): readonly VariableChange[] {
  const names = new Set([...text.matchAll(/\$(?:\{(\w+)|(\w+))/g)].map(([, braced, plain]) => braced ?? plain!));
  const known = [...names].flatMap((name) => {
    const [old, now] = [valueOf(name, sides.before), valueOf(name, sides.after)];
    return old === now ? [] : [variableChange(name, { old, now }, sides)];
  });
  return known;
}

/** A value as far as it can be told without following what others it is made of. */
function valueOf(name: string, { asked, declared, platform }: Side): string | undefined {
  const given = asked[`build-arg:${name}`];
  if (given !== undefined) return given;
  const own = declared.findLast((each) => each.name === name && each.value !== undefined);
  if (own) return own.value;
  const [os, architecture, variant] = platform.split('/');
  const parts: Readonly<Record<string, string | undefined>> = {
    TARGETPLATFORM: platform,
    TARGETOS: os,
    TARGETARCH: architecture,
    TARGETVARIANT: variant,
  };
  return parts[name];
}

/** `Dockerfile:2`, where a variable is declared otherwise. */
function editedAt(
  name: string,
  kind: Declared['kind'],
  before: readonly Declared[],
  after: readonly Declared[],
): string | undefined {
  const of = (all: readonly Declared[]) => all.filter((each) => each.kind === kind && each.name === name);
  const [old, now] = [of(before), of(after)];
  const other = now.find(({ value }, i) => old[i]?.value !== value);
  if (other) return `${other.file}:${other.line}`;
  return old.length > now.length ? `${old.at(-1)!.file}` : undefined;
}

export function arrow(old: string | undefined, now: string | undefined): string {
  return `${shown(old)}→${shown(now)}`;
}

function shown(value: string | undefined): string {
  if (value === undefined) return 'none';
  if (value === '') return '""';
  const line = value.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
