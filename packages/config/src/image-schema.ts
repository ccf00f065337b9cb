// Which keys an image may have.

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
} from './check.ts';
import type { Image } from './config.ts';
import { watch } from './watch-schema.ts';

export const networks = oneOf('default', 'host', 'none', 'sandbox');

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

export const imageCheck = keys(image, { of: 'Image', meant: imageSynonyms });
