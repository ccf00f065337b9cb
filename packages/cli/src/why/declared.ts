/** A variable as a Dockerfile declares it. */
export interface Declared {
  readonly kind: 'ARG' | 'ENV';
  readonly name: string;
  /** As it was written, variables in it not filled in; undefined for an `ARG` without a default. */
  readonly value?: string | undefined;
  readonly file: string;
  readonly line: number;
}

/** Every `ARG` and `ENV` of a Dockerfile, in order. What is no Dockerfile declares nothing that is found here. */
export function declaredIn(file: string, text: string): readonly Declared[] {
  const found: Declared[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    const [, kind, first] = /^\s*(ARG|ENV)\s+(.*)$/i.exec(lines[at]!) ?? [];
    if (kind === undefined) continue;
    let rest = first!;
    while (/\\\s*$/.test(rest) && at + 1 < lines.length) rest = `${rest.replace(/\\\s*$/, ' ')}${lines[++at]}`;
    const about = { kind: kind.toUpperCase() as Declared['kind'], file, line };
    for (const { name, value } of namesIn(rest, about.kind)) found.push({ ...about, name, value });
  }
  return found;
}

function* namesIn(rest: string, kind: Declared['kind']): Generator<{ name: string; value: string | undefined }> {
  const [, name, value] = /^(\w+)\s+([^=\s].*)$/.exec(rest.trim()) ?? [];
  // The old form, `ENV NAME value`.
  if (kind === 'ENV' && name !== undefined && !/^\w+=/.test(rest)) {
    yield { name, value: value! };
    return;
  }
  for (const [, word, quoted] of rest.matchAll(/(\w+)(?:=("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s\\]|\\.)*))?(?=\s|$)/g)) {
    yield { name: word!, value: quoted?.replaceAll(/^["']|["']$/g, '') };
  }
}
