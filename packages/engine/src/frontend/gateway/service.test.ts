// The service as any client may speak to it: messages by the numbers of their fields, old clients too. What is behind
// the bridge is a few lines here; test/gateway has real ones.

import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { marshalDefinition, type Definition } from '../../llb/definition.ts';
import { scratch } from '../../llb/state.ts';
import type { Message } from '../../proto/message.ts';
import type { Reader } from '../../proto/reader.ts';
import type { Writer } from '../../proto/writer.ts';
import { openRpcClient } from '../../rpc/client.ts';
import { served, serveRpc } from '../../rpc/server.ts';
import { unary } from '../../rpc/service.ts';
import type { ProgramBridge, SolvedTree } from '../program-bridge.ts';
import { llbBridge } from './llb-bridge.ts';
import { BridgeService } from './service.ts';

interface Asked {
  readonly solved: Definition[];
  readonly forwarded: { readonly name: string; readonly options: object; readonly inputs: readonly string[] }[];
  readonly imports: object[];
}

const file = await scratch()
  .mkfile('/a', 'text')
  .marshal({ platform: { os: 'linux', architecture: 'amd64' } });

async function connect(overrides: Partial<ProgramBridge> = {}) {
  const asked: Asked = { solved: [], forwarded: [], imports: [] };
  const tree: SolvedTree = {
    readFile: async (path) => Buffer.from(`content of ${path}`),
    readDir: async () => [],
    stat: () => Promise.reject(new Error('not part of this test')),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const bridge = {
    solve: async (definition: Definition) => {
      asked.solved.push(definition);
      return tree;
    },
    forward: async (name: string, options: object, inputs: ReadonlyMap<string, Definition> = new Map()) => {
      asked.forwarded.push({ name, options, inputs: [...inputs.keys()] });
      const platform = { os: 'linux', architecture: 'amd64' };
      return {
        images: [{ platform, definition: file, config: { ...platform, config: {} } }],
        multiPlatform: true,
        metadata: {},
      };
    },
    importCaches: (entries: readonly object[]) => asked.imports.push(...entries),
    ...overrides,
  } as unknown as ProgramBridge;
  const work = { signal: new AbortController().signal, report: () => undefined };
  const service = new BridgeService({ bridge, inputs: new Map([['in', file]]), work });
  const [near, far] = duplexPair();
  const server = serveRpc(far, [served(llbBridge, service.handlers)]);
  const client = openRpcClient(near);
  return {
    asked,
    service,
    calls: client.of(llbBridge),
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}

/** A method with messages that are written and read by the numbers of the protocol, and nothing else. */
function byNumbers<T>(name: string, write: (writer: Writer) => void, read: (reader: Reader) => T) {
  const request: Message<object> = { write: (writer) => write(writer), read: () => ({}) };
  const response: Message<{ value: T }> = { write: () => undefined, read: (reader) => ({ value: read(reader) }) };
  return { name: llbBridge.name, methods: { call: unary(name, request, response) } };
}

test('Solve, ReadFile and Return have the fields of the protocol', async () => {
  await using pair = await connect();
  const solve = byNumbers(
    'Solve',
    (writer) => {
      writer.bytesAlways(1, marshalDefinition(file)); // Definition
      writer.bool(5, true); // allowResultReturn
      writer.bool(6, true); // allowResultArrayRef
    },
    (reader) => {
      let id = '';
      while (reader.next()) {
        if (reader.field !== 3) continue; // result
        reader.message((result) => {
          while (result.next()) {
            if (result.field !== 3) continue; // ref
            result.message((ref) => {
              while (ref.next()) if (ref.field === 1) id = ref.string();
            });
          }
        });
      }
      return id;
    },
  );
  const { value: id } = await pair.client.of(solve).call({});
  assert.match(id, /^[0-9a-f]+$/);
  assert.equal(pair.asked.solved.length, 0, 'nothing was brought about');
  const readFile = byNumbers(
    'ReadFile',
    (writer) => {
      writer.string(1, id);
      writer.string(2, 'a');
    },
    (reader) => {
      let data = '';
      while (reader.next()) if (reader.field === 1) data = Buffer.from(reader.bytes()).toString();
      return data;
    },
  );
  assert.equal((await pair.client.of(readFile).call({})).value, 'content of a');
  assert.deepEqual(pair.asked.solved, [file]);
  const give = byNumbers(
    'Return',
    (writer) =>
      writer.message(1, id, (result) => {
        result.message(3, id, (ref) => ref.string(1, id));
        result.map(10, [['key', 'value']], (entry, value) => entry.bytesAlways(2, Buffer.from(value as string)));
      }),
    () => undefined,
  );
  await pair.client.of(give).call({});
  const { given } = pair.service;
  assert.ok(given?.kind === 'result' && given.result.kind === 'single');
  assert.deepEqual(given.result.ref, file);
  assert.equal(Buffer.from(given.result.metadata.get('key')!).toString(), 'value');
});

test('clients that know no lists of refs get and give plain ids', async () => {
  await using pair = await connect();
  const one = await pair.calls.solve({ definition: file });
  assert.equal(one.refDeprecated, one.result!.refDeprecated);
  assert.equal(one.result!.ref, undefined);
  const many = await pair.calls.solve({ frontend: 'dockerfile.v0', allowResultReturn: true });
  const id = many.result!.refsDeprecated!.refs.get('linux/amd64')!;
  const result = { ...many.result!, refsDeprecated: { refs: new Map([['linux/amd64', id]]) } };
  await pair.calls.return({ result });
  const { given } = pair.service;
  assert.ok(given?.kind === 'result' && given.result.kind === 'platforms');
  assert.deepEqual(given.result.platforms[0]!.ref, file);
  await assert.rejects(pair.calls.solve({ frontend: 'dockerfile.v0' }), /did not return default result/);
});

test('clients that know no Return say which solve is the last one', async () => {
  await using pair = await connect();
  const exporterAttrs = Buffer.from(JSON.stringify({ 'containerimage.config': Buffer.from('{}').toString('base64') }));
  await pair.calls.solve({ definition: file, final: true, exporterAttrs });
  const { given } = pair.service;
  assert.ok(given?.kind === 'result');
  assert.equal(Buffer.from(given.result.metadata.get('containerimage.config')!).toString(), '{}');
});

test('another frontend is asked with options and inputs', async () => {
  await using pair = await connect();
  const { result } = await pair.calls.solve({
    frontend: 'gateway.v0',
    frontendOptions: new Map([['source', 'x']]),
    frontendInputs: new Map([['given', file]]),
    allowResultReturn: true,
    allowResultArrayRef: true,
    evaluate: true,
    cacheImports: [{ type: 'registry', attrs: new Map([['ref', 'r']]) }],
  });
  assert.deepEqual(pair.asked.forwarded, [{ name: 'gateway.v0', options: { source: 'x' }, inputs: ['given'] }]);
  assert.deepEqual(pair.asked.solved, [file], 'it was to be evaluated');
  assert.equal(pair.asked.imports.length, 1);
  assert.deepEqual([...result!.refs!.refs.keys()], ['linux/amd64']);
  assert.ok(result!.metadata.has('containerimage.config/linux/amd64'));
  assert.ok(result!.metadata.has('refs.platforms'));
});

test('what cannot be is refused with a sentence', async () => {
  await using pair = await connect();
  const { calls } = pair;
  const refused: readonly [call: Promise<unknown>, why: RegExp][] = [
    [calls.solve({ definition: file, frontend: 'x' }), /cannot solve with both Definition and Frontend/],
    [calls.solve({ definition: { ops: [Buffer.from('x')], metadata: new Map() } }), /protobuf|definition/],
    [calls.solve({ definition: file, sourcePolicies: [new Uint8Array(1)] }), /source policies are not supported/],
    [calls.resolveSourceMeta({}), /source is required/],
    [calls.readFile({ ref: 'nobody', path: 'a' }), /no such ref: nobody/],
    [calls.evaluate({ ref: '' }), /an empty ref has nothing to look at/],
    [calls.releaseContainer({ containerId: 'x' }), /container details for x not found/],
    [calls.return({ result: { ...emptyResult, refDeprecated: 'nobody' } }), /no such ref: nobody/],
  ];
  for (const [call, why] of refused) await assert.rejects(call, why);
  await calls.return({ error: { code: 2, message: 'no', details: [] } });
  await assert.rejects(calls.return({}), /gateway result is already set/);
  assert.deepEqual(pair.service.given, { kind: 'error', status: { code: 2, message: 'no', details: [] } });
});

test('inputs are those of the request', async () => {
  await using pair = await connect();
  assert.deepEqual([...(await pair.calls.inputs({})).definitions], [['in', file]]);
});

const emptyResult = {
  refsDeprecated: undefined,
  ref: undefined,
  refs: undefined,
  metadata: new Map(),
  attestations: new Map(),
};
