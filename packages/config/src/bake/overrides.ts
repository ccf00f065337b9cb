// `--set pattern.key[.name][+]=value` for targets of bake and compose files, which inherit what is set in their parents.

import type { Attributes, AttributeName, SecretEntry, SshEntry, TargetAttributes } from './definition.ts';
import { attestEntry, cacheEntries, outputEntry, policyEntry, secretEntry, sshEntry } from './entries.ts';
import { distinct, lastOf } from './merge.ts';

/** What one or several `--set`s say of one key. */
export interface Setting {
  readonly key: string;
  /** The name in a map. */
  readonly name?: string;
  readonly values: readonly string[];
  readonly append: boolean;
}

type Apply = (attributes: TargetAttributes, setting: Setting) => TargetAttributes;

const last = ({ values }: Setting): string => values.at(-1) ?? '';

function texts(name: AttributeName): Apply {
  return (attributes, { values, append }) => ({
    ...attributes,
    [name]: [...(append ? ((attributes[name] as readonly string[] | undefined) ?? []) : []), ...values],
  });
}

function added(name: AttributeName): Apply {
  return (attributes, { values }) => ({
    ...attributes,
    [name]: [...((attributes[name] as readonly string[] | undefined) ?? []), ...values],
  });
}

function plain(name: AttributeName): Apply {
  return (attributes, setting) => ({ ...attributes, [name]: last(setting) });
}

function flag(name: AttributeName): Apply {
  return (attributes, setting) => ({ ...attributes, [name]: truth(name, last(setting)) });
}

function entry(name: AttributeName): Apply {
  return (attributes, setting) => {
    if (setting.name === undefined) throw new TypeError(`${name} needs a name: ${name}.NAME=value`);
    return { ...attributes, [name]: { ...(attributes[name] as object | undefined), [setting.name]: last(setting) } };
  };
}

function entries<T>(
  name: AttributeName,
  read: (text: string) => readonly T[],
  merge: (all: readonly T[]) => readonly T[] = (all) => all,
): Apply {
  return (attributes, { values, append }) => {
    const given = values.filter((each) => each !== '').flatMap(read);
    const before = append ? ((attributes[name] as unknown as readonly T[] | undefined) ?? []) : [];
    return { ...attributes, [name]: merge([...before, ...given]) };
  };
}

const byId = <T extends { readonly id?: string }>(all: readonly T[]) => lastOf(all, ({ id }) => id);

/** The keys of `--set`; some have other names than the attributes that they set. */
const keys: Readonly<Record<string, Apply>> = {
  annotations: added('annotations'),
  args: entry('args'),
  attest: (attributes, { values }) => ({
    ...attributes,
    attest: lastOf([...(attributes.attest ?? []), ...values.filter(Boolean).map(attestEntry)], ({ type }) => type),
  }),
  'cache-from': entries('cache-from', cacheEntries, distinct),
  'cache-to': entries('cache-to', cacheEntries, distinct),
  call: plain('call'),
  context: plain('context'),
  contexts: entry('contexts'),
  dockerfile: plain('dockerfile'),
  'dockerfile-inline': plain('dockerfile-inline'),
  entitlements: added('entitlements'),
  'extra-hosts': entry('extra-hosts'),
  labels: entry('labels'),
  load: (attributes, setting) => ({
    ...attributes,
    output: loaded(attributes.output ?? [], truth('load', last(setting))),
  }),
  network: plain('network'),
  'no-cache': flag('no-cache'),
  'no-cache-filter': texts('no-cache-filter'),
  output: entries('output', (text) => [outputEntry(text)], distinct),
  platform: texts('platforms'),
  platforms: texts('platforms'),
  policy: entries<Attributes>('policy', (text) => [policyEntry(text)]),
  pull: flag('pull'),
  push: (attributes, setting) => ({
    ...attributes,
    output: pushed(attributes.output ?? [], truth('push', last(setting))),
  }),
  resources: entry('resources'),
  secret: (attributes, { name, values }) => ({
    ...attributes,
    secret: withSecret(attributes.secret ?? [], name, values),
  }),
  secrets: entries<SecretEntry>('secret', (text) => [secretEntry(text)], byId),
  'shm-size': plain('shm-size'),
  ssh: entries<SshEntry>('ssh', (text) => [sshEntry(text)], byId),
  tags: texts('tags'),
  target: plain('target'),
  ulimits: texts('ulimits'),
};

/** The keys that `--set` knows. */
export const settableKeys: readonly string[] = Object.keys(keys);

/** What the keys set, for those that know the attribute by another name. */
export const keySynonyms: Readonly<Record<string, string>> = {
  tag: 'tags',
  arg: 'args',
  label: 'labels',
  annotation: 'annotations',
  outputs: 'output',
  stage: 'target',
  noCache: 'no-cache',
  cacheFrom: 'cache-from',
  cacheTo: 'cache-to',
  noCacheFilter: 'no-cache-filter',
  shmSize: 'shm-size',
  extraHosts: 'extra-hosts',
  dockerfileInline: 'dockerfile-inline',
};

/** A target's attributes after settings. Throws a `TypeError` that says what is wrong. */
export function withSettings(attributes: TargetAttributes, settings: readonly Setting[]): TargetAttributes {
  return settings.reduce((below, setting) => keys[setting.key]!(below, setting), attributes);
}

/** The attribute whose place a setting takes. */
export function attributeSet({ key, name }: Pick<Setting, 'key' | 'name'>): string {
  if (key === 'platform') return 'platforms';
  if (key === 'secrets' || key === 'secret') return 'secret';
  if (key === 'push' || key === 'load') return 'output';
  return name === undefined ? key : `${key}.${name}`;
}

function truth(key: string, text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw new TypeError(`${key} is true or false`);
}

function pushed(outputs: readonly Attributes[], wanted: boolean): readonly Attributes[] {
  if (!wanted) {
    return outputs.flatMap((output) => {
      if (output.type === 'registry') return [];
      return [output.type === 'image' ? { ...output, push: 'false' } : output];
    });
  }
  const made = outputs.map((output) => (output.type === 'image' ? { ...output, push: 'true' } : output));
  return made.every(({ type }) => type === 'docker') ? [...made, { type: 'image', push: 'true' }] : made;
}

function loaded(outputs: readonly Attributes[], wanted: boolean): readonly Attributes[] {
  if (!wanted) return outputs;
  for (const { type, dest } of outputs) {
    if (type === 'docker' && !dest) return outputs;
    if (!['docker', 'image', 'registry', 'oci'].includes(type!)) return outputs;
  }
  return [...outputs, { type: 'docker' }];
}

/** A declared secret from somewhere else. */
function withSecret(
  secrets: readonly SecretEntry[],
  id: string | undefined,
  values: readonly string[],
): readonly SecretEntry[] {
  if (!id) throw new TypeError('secret needs an id: secret.ID=src=FILE, or secrets=id=ID,src=FILE for a new one');
  if (!secrets.some((each) => each.id === id))
    throw new TypeError(`there is no secret ${id} that could come from somewhere else`);
  const { id: other, ...source } = secretEntry(values.at(-1) ?? '');
  if (other !== undefined && other !== id) throw new TypeError(`the secret ${id} cannot become ${other}`);
  return secrets.map((each) => (each.id === id ? { id, ...source } : each));
}
