// The JSON Schema of configurations says what the loader says: of good ones, and of mistakes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { checkConfig } from '../packages/config/src/schema.ts';
import { schemaFile, schemaText } from '../scripts/config-schema.ts';
import { projectRoot, Rig } from './rig/rig.ts';

const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as object;
const ajv = new Ajv({ allErrors: true, strictTypes: false });
const validate = ajv.compile(schema);

/** Whether the schema takes it; the loader has to agree. */
function takes(value: unknown): boolean {
  const valid = validate(value);
  const problems = checkConfig(value);
  assert.equal(valid, problems.length === 0, JSON.stringify({ value, errors: validate.errors, problems }, null, 1));
  return valid;
}

test('schema.json is what the loader checks today', () => {
  assert.deepEqual(schema, JSON.parse(schemaText()), 'run node --conditions=source scripts/config-schema.ts');
});

test('keys are described by the words of their types', () => {
  const { properties, definitions } = schema as Readonly<Record<string, Record<string, Described>>>;
  assert.match(properties!['images']!.description!, /^Images by id\./);
  assert.match(definitions!['Image']!.properties!['retries']!.description!, /^How often a RUN step that failed/);
  assert.match(definitions!['WatchAction']!.properties!['target']!.description!, /^Where it goes in the container/);
});

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Described>>;
}

test('configurations of the documentation and the examples are good', async () => {
  const page = readFileSync(join(projectRoot, 'docs/config.md'), 'utf8');
  const texts = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text]) => text!);
  assert.ok(texts.length > 0);
  for (const text of texts) assert.ok(takes(parse(text)), text);
  const { default: own } = (await import('../buildkit.config.ts')) as { default: { images: Record<string, object> } };
  const images = Object.fromEntries(Object.entries(own.images).filter(([, image]) => !('define' in image)));
  assert.ok(takes({ ...own, images }));
});

const good: readonly unknown[] = [
  {},
  { $schema: 'https://example.test/schema.json' },
  { images: { api: { context: 'api', args: { A: null, B: 1 }, tags: ['a:1', 'a:2'], output: 'type=oci,dest=a.tar' } } },
  {
    images: {
      api: { output: [{ type: 'oci', dest: 'a.tar' }], secrets: { id: 'npm', src: '.npmrc' }, ssh: 'default' },
    },
  },
  {
    images: {
      _base: {},
      w: { inherits: '_base', matrix: { q: ['a', { x: 1 }], include: [{ q: 'c' }] }, name: 'w-${q}' },
    },
  },
  {
    images: {
      api: { resources: { cpus: 2, memory: '1GiB' }, timeout: '10m', retries: 2, priority: 5, network: 'none' },
    },
  },
  { images: { api: { watch: { actions: [{ action: 'sync+exec', path: 'src', exec: { command: 'make' } }] } } } },
  {
    vars: { TAG: 'latest', N: { default: 1, type: 'number', env: true, validate: [1, 2] } },
    groups: { all2: ['api*'] },
  },
  { run: { concurrency: '50%', continue: 'always', memory: '4GiB' }, cache: { maxAge: '30d' }, discover: false },
  {
    registries: { 'docker.io': { mirrors: ['./.bases'], ca: 'ca.pem' } },
    release: { tags: 'type=sha', labels: false },
  },
];

const bad: readonly unknown[] = [
  [],
  'text',
  { image: {} },
  { images: { all: {} } },
  { images: { '-x': {} } },
  { images: { api: { contxt: 'x' } } },
  { images: { api: { context: 1 } } },
  { images: { api: { noCache: 'yes' } } },
  { images: { api: { network: 'bridge' } } },
  { images: { api: { secrets: { src: 'x' } } } },
  { images: { api: { matrix: { q: 'a' } } } },
  { images: { api: { resources: { cpu: 1 } } } },
  { images: { api: { watch: { actions: [{ action: 'sink', path: 'x' }] } } } },
  { images: { api: { watch: { actions: [{ action: 'sync' }] } } } },
  { vars: { 'a-b': 1 } },
  { vars: { A: { type: 'date' } } },
  { discover: { context: 'here' } },
  { run: { continue: 'sometimes' } },
  { registries: { a: { mirror: [] } } },
  { groups: { g: 'api' } },
];

test('what the loader takes the schema takes, and what it refuses the schema refuses', () => {
  for (const value of good) assert.ok(takes(value), JSON.stringify(value));
  for (const value of bad) assert.ok(!takes(value), JSON.stringify(value));
});

test('cli schema prints it, and a configuration may name it', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({ $schema: './schema.json', images: { one: {} } }),
    Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n',
  });
  assert.deepEqual(JSON.parse((await rig.ok(['schema'])).stdout), schema);
  assert.match((await rig.ok(['build', 'all', '-q'])).stdout, /^one\tsha256:/);
});
