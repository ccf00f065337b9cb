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
  scalarOrNull,
  simple,
  text,
  textOrNumber,
  type Check,
  type JsonForm,
} from './check.ts';
import type { Config, Image } from './config.ts';
import type { Problem } from './problem.ts';
import { watchActions } from './target.ts';

const networks = oneOf('default', 'host', 'none', 'sandbox');

/** A thing that may be written as `a=b,c=d` or as an object. */
function csvOr(object: Check): Check {
  return either('a text such as "type=…" or an object', [text, object], (value) =>
    typeof value === 'string' ? text : isRecord(value) ? object : undefined,
  );
}

const attributes = record(scalar);
const cell = record(
  either('a text, number, boolean or an object of them', [scalar, attributes], (value) =>
    isRecord(value) ? attributes : scalar,
  ),
);
const axis = list(
  either('a text, number, boolean or an object of them', [scalar, attributes], (each) =>
    isRecord(each) ? attributes : scalar,
  ),
);
const combinations = { include: list(cell), exclude: list(cell) };

const matrix = either('an object', [keys(combinations, { of: 'Matrix', others: axis })], (value) => {
  if (!isRecord(value)) return undefined;
  const axes = Object.keys(value).filter((key) => key !== 'include' && key !== 'exclude');
  return keys({ ...Object.fromEntries(axes.map((key) => [key, axis])), ...combinations });
});

const define = simple(
  'a function, or a State of @monokit/engine',
  (value) =>
    typeof value === 'function' ||
    (isRecord(value) &&
      (typeof value.marshal === 'function' || (isRecord(value.state) && typeof value.state.marshal === 'function'))),
);

const words = oneOrMany(text);
const volume = keys(
  {
    type: oneOf('bind', 'volume', 'tmpfs'),
    source: text,
    target: text,
    read_only: flag,
    bind: keys({ create_host_path: flag }),
    volume: keys({ nocopy: flag, subpath: text }),
    tmpfs: keys({ size: textOrNumber, mode: textOrNumber }),
  },
  { of: 'WatchVolume', required: ['type', 'target'], meant: { readOnly: 'read_only', src: 'source', dst: 'target' } },
);
const watch = keys(
  {
    up: flag,
    entrypoint: words,
    command: words,
    environment: record(scalarOrNull),
    user: text,
    workingDir: text,
    network: oneOf('default', 'host', 'none'),
    stopSignal: text,
    stopGracePeriod: textOrNumber,
    volumes: oneOrMany(
      either('a text such as "./src:/src", or an object', [text, volume], (value) =>
        typeof value === 'string' ? text : isRecord(value) ? volume : undefined,
      ),
    ),
    tmpfs: oneOrMany(text),
    actions: list(
      keys(
        {
          action: oneOf(...watchActions),
          path: text,
          target: text,
          ignore: oneOrMany(text),
          include: oneOrMany(text),
          initialSync: flag,
          initial_sync: flag,
          exec: keys(
            {
              command: words,
              user: text,
              privileged: flag,
              working_dir: text,
              environment: either('an object, or a list of texts', [record(scalarOrNull), list(text)], (value) =>
                Array.isArray(value) ? list(text) : record(scalarOrNull),
              ),
            },
            { of: 'WatchExec', required: ['command'], meant: { workingDir: 'working_dir', env: 'environment' } },
          ),
        },
        { of: 'WatchAction', required: ['action', 'path'] },
      ),
    ),
  },
  {
    of: 'ImageWatch',
    meant: { env: 'environment', cmd: 'command', watch: 'actions', stopGrace: 'stopGracePeriod', mounts: 'volumes' },
  },
);

/** What is wrong with the shape of an image's `watch`. */
export function checkWatch(value: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  watch(value, [], (problem) => problems.push(problem));
  return problems;
}

const image: Readonly<Record<keyof Image, Check>> = {
  description: text,
  selectors: oneOrMany(text),
  inherits: oneOrMany(text),
  context: text,
  dockerfile: text,
  dockerfileInline: text,
  define,
  target: text,
  args: record(scalarOrNull),
  contexts: record(text),
  dependsOn: oneOrMany(text),
  matrix,
  name: text,
  platforms: oneOrMany(text),
  tags: oneOrMany(text),
  labels: record(scalar),
  annotations: record(text),
  output: oneOrMany(csvOr(attributes)),
  attest: oneOrMany(csvOr(attributes)),
  cacheFrom: oneOrMany(csvOr(attributes)),
  cacheTo: oneOrMany(csvOr(attributes)),
  noCache: flag,
  noCacheFilter: oneOrMany(text),
  pull: flag,
  network: networks,
  secrets: oneOrMany(csvOr(keys({ id: text, src: text, env: text }, { of: 'Secret', required: ['id'] }))),
  ssh: oneOrMany(csvOr(keys({ id: text, paths: list(text) }, { of: 'Ssh', required: ['id'] }))),
  extraHosts: record(text),
  shmSize: textOrNumber,
  ulimits: record(textOrNumber),
  entitlements: oneOrMany(text),
  resources: keys(
    {
      cpus: textOrNumber,
      memory: textOrNumber,
      memorySwap: textOrNumber,
      cpuShares: textOrNumber,
      cpuPeriod: textOrNumber,
      cpuQuota: textOrNumber,
      cpusetCpus: textOrNumber,
      cpusetMems: textOrNumber,
    },
    { of: 'Resources', meant: { cpu: 'cpus', mem: 'memory', memswap: 'memorySwap' } },
  ),
  priority: textOrNumber,
  timeout: textOrNumber,
  retries: textOrNumber,
  reproducible: flag,
  created: oneOf('epoch', 'now'),
  sourceDateEpoch: textOrNumber,
  watch,
};

/** The keys of an image, for `--set` and for suggestions. */
export const imageKeys: readonly string[] = Object.keys(image);

/** What other tools call these keys. */
export const imageSynonyms: Readonly<Record<string, string>> = {
  arg: 'args',
  buildArg: 'args',
  buildArgs: 'args',
  buildContexts: 'contexts',
  additionalContexts: 'contexts',
  tag: 'tags',
  platform: 'platforms',
  label: 'labels',
  annotation: 'annotations',
  secret: 'secrets',
  file: 'dockerfile',
  dockerFile: 'dockerfile',
  outputs: 'output',
  attests: 'attest',
  attestations: 'attest',
  stage: 'target',
  depends: 'dependsOn',
  needs: 'dependsOn',
  extends: 'inherits',
  addHost: 'extraHosts',
  addHosts: 'extraHosts',
  ulimit: 'ulimits',
  allow: 'entitlements',
  networkMode: 'network',
  develop: 'watch',
};

const imageCheck = keys(image, { of: 'Image', meant: imageSynonyms });

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
        : `${JSON.stringify(name)} is no name for a variable: letters, digits and _`,
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
  return `${JSON.stringify(id)} is no id: letters, digits, "_", "-" and "." (not at the beginning)`;
}
