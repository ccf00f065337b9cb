// Rules for tags as docker/metadata-action writes them: `type=semver,pattern={{version}}`.

import { csvPairs } from '@monokit/config';

/** One line of `release.tags`. Priorities: who goes first among the tags, and gives the version its name. */
export interface TagRule {
  readonly type: keyof typeof kinds;
  /** As written, for messages. */
  readonly text: string;
  /** All of the type's, with defaults filled in. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a type takes beside `enable`, `priority`, `prefix` and `suffix`; a value is the default, null means that it has to be given. */
const kinds = {
  schedule: { priority: '1000', pattern: 'nightly' },
  semver: { priority: '900', pattern: null, value: undefined },
  pep440: { priority: '900', pattern: null, value: undefined },
  match: { priority: '800', pattern: null, group: '0', value: undefined },
  edge: { priority: '700', branch: undefined },
  ref: { priority: '600', event: null },
  raw: { priority: '200', value: null },
  sha: { priority: '100', prefix: 'sha-', format: 'short' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string | null | undefined>>>>;

/** What is tagged where nothing is configured. */
export const defaultRules = ['type=schedule', 'type=ref,event=branch', 'type=ref,event=tag', 'type=ref,event=pr'];

/** Reads a line; without `type` it is a raw value. Throws a `TypeError`. */
export function readTagRule(text: string): TagRule {
  const fields = csvPairs(text);
  const given: Record<string, string> = {};
  for (const [key, value] of fields) {
    if (value !== undefined) given[key.toLowerCase()] = value;
    else if (fields.length === 1) given['value'] = key;
    else throw wrong(text, `${JSON.stringify(key)} has no value`);
  }
  const { type = 'raw', ...attributes } = given;
  if (!Object.hasOwn(kinds, type)) throw wrong(text, `there is no type ${type}: ${Object.keys(kinds).join(', ')}`);
  const kind: Readonly<Record<string, string | null | undefined>> = kinds[type as TagRule['type']];
  const allowed = ['enable', 'priority', 'prefix', 'suffix', ...Object.keys(kind)];
  for (const name of Object.keys(attributes)) {
    if (!allowed.includes(name))
      throw wrong(text, `type=${type} takes no ${name}: ${[...new Set(allowed)].join(', ')}`);
  }
  for (const [name, value] of Object.entries(kind)) {
    if (value === null && !attributes[name]) throw wrong(text, `type=${type} needs ${name}=…`);
    if (typeof value === 'string') attributes[name] ??= value;
  }
  if (type === 'ref' && !['branch', 'tag', 'pr'].includes(attributes['event']!)) {
    throw wrong(text, `event is branch, tag or pr`);
  }
  if (type === 'ref' && attributes['event'] === 'pr') attributes['prefix'] ??= 'pr-';
  if (type === 'sha' && !['short', 'long'].includes(attributes['format']!))
    throw wrong(text, `format is short or long`);
  if (!/^\d+$/.test(attributes['priority']!)) throw wrong(text, `priority is a number`);
  if (type === 'match' && !/^\d+$/.test(attributes['group']!)) throw wrong(text, `group is a number`);
  return { type: type as TagRule['type'], text, attributes };
}

/** `latest=auto`, `prefix=v,onlatest=true`, `suffix=-alpine`. */
export interface Flavor {
  readonly latest: 'auto' | 'true' | 'false';
  readonly prefix: string;
  readonly prefixLatest: boolean;
  readonly suffix: string;
  readonly suffixLatest: boolean;
}

/** Reads `release.flavor`. Throws a `TypeError`. */
export function readFlavor(lines: readonly string[]): Flavor {
  const flavor = {
    latest: 'auto' as Flavor['latest'],
    prefix: '',
    prefixLatest: false,
    suffix: '',
    suffixLatest: false,
  };
  for (const line of lines) {
    let last: 'prefix' | 'suffix' | undefined;
    for (const [key, value = ''] of csvPairs(line)) {
      if (key === 'latest') {
        if (value !== 'auto' && value !== 'true' && value !== 'false')
          throw wrong(line, 'latest is auto, true or false');
        flavor.latest = value;
      } else if (key === 'prefix' || key === 'suffix') {
        flavor[key] = value;
        last = key;
      } else if (key === 'onlatest' && last && (value === 'true' || value === 'false')) {
        flavor[`${last}Latest`] = value === 'true';
      } else throw wrong(line, 'it takes latest=…, prefix=…[,onlatest=true] and suffix=…[,onlatest=true]');
    }
  }
  return flavor;
}

function wrong(text: string, why: string): TypeError {
  return new TypeError(`${JSON.stringify(text)}: ${why}`);
}
