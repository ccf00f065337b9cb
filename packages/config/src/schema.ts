// Which keys a configuration may have, and what may stand under each. Whatever is listed here is obeyed by somebody;
// anything else is an unknown key.

import {
  either,
  flag,
  isRecord,
  keys,
  list,
  oneOf,
  oneOrMany,
  record,
  scalar,
  text,
  textOrNumber,
  type Check,
  type JsonForm,
} from './check.ts';
import type { Config } from './config.ts';
import { imageCheck, networks } from './image-schema.ts';
import type { Problem } from './problem.ts';

const variableKeys = keys(
  {
    default: either('a text, number, boolean or a list of them', [scalar, list(scalar)], (each) =>
      Array.isArray(each) ? list(scalar) : scalar,
    ),
    type: oneOf('string', 'number', 'boolean', 'list'),
    description: text,
    env: either('a name, or true', [text, flag], (each) => (typeof each === 'boolean' ? flag : text)),
    validate: either('a regular expression, or a list of values', [text, list(scalar)], (each) =>
      Array.isArray(each) ? list(scalar) : text,
    ),
  },
  { of: 'Variable' },
);
const variable = either('a text, number, boolean or an object', [scalar, variableKeys], (value) =>
  isRecord(value) ? variableKeys : scalar,
);

const discoverKeys = keys(
  { include: list(text), exclude: list(text), context: oneOf('project', 'root'), name: text },
  { of: 'Discover' },
);
const discover = either('true, false or an object', [flag, discoverKeys], (value) =>
  isRecord(value) ? discoverKeys : flag,
);

const idPattern = '^[A-Za-z0-9_][A-Za-z0-9_.-]*$';
const ids = { pattern: idPattern, not: { const: 'all' } };
const variablePattern = '^[A-Za-z_][A-Za-z0-9_]*$';

const config: Readonly<Record<keyof Config, Check>> = {
  $schema: text,
  images: record(imageCheck, idComplaint, ids),
  defaults: imageCheck,
  groups: record(list(text), idComplaint, ids),
  vars: record(
    variable,
    (name) =>
      new RegExp(variablePattern).test(name)
        ? undefined
        : `${JSON.stringify(name)} is not a name for a variable: letters, digits and _`,
    { pattern: variablePattern },
  ),
  discover,
  sources: list(text),
  registries: record(
    keys(
      { mirrors: list(text), http: flag, ca: oneOrMany(text), insecure: flag, chunkSize: textOrNumber },
      { of: 'Registry', meant: { mirror: 'mirrors' } },
    ),
  ),
  run: keys(
    {
      concurrency: textOrNumber,
      continue: oneOf('never', 'dependencies-successful', 'always', true, false),
      memory: textOrNumber,
      network: networks,
    },
    { of: 'Run' },
  ),
  cache: keys({ dir: text, maxSize: textOrNumber, maxAge: textOrNumber }, { of: 'Cache' }),
  release: keys(
    {
      images: oneOrMany(text),
      repository: text,
      platforms: oneOrMany(text),
      tags: oneOrMany(text),
      flavor: oneOrMany(text),
      labels: flag,
      carryForward: flag,
      manifest: text,
      artifact: text,
    },
    { of: 'Release' },
  ),
  inputs: list(text),
};

const configCheck = keys(config, {
  of: 'Config',
  meant: {
    targets: 'images',
    target: 'images',
    image: 'images',
    services: 'images',
    variables: 'vars',
    variable: 'vars',
    group: 'groups',
    source: 'sources',
    bake: 'sources',
    compose: 'sources',
  },
});

/** What is wrong with the shape of an evaluated configuration; with no problems, it is a `Config`. */
export function checkConfig(value: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  configCheck(value, [], (problem) => problems.push(problem));
  return problems;
}

/** The shape of a configuration as JSON Schema: what JSON and YAML can hold of it. */
export function configForm(): JsonForm {
  return configCheck.form()!;
}

/** Why a text can't be an id, if it can't. */
export function idComplaint(id: string): string | undefined {
  if (id === 'all') return '"all" is the name for all images, and can be no other';
  if (new RegExp(idPattern).test(id)) return undefined;
  return `${JSON.stringify(id)} is not an id: letters, digits, "_", "-" and "." (not at the beginning)`;
}
