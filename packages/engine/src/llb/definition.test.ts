import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import { Failed, failedOf } from '../std/failed.ts';
import { marshalDefinition, unmarshalDefinition, headOf, type Definition } from './definition.ts';
import { dumpDot, dumpJson } from './dump.ts';
import type { FileAction } from './file-action.ts';
import { goJson } from './go-json.ts';
import { opJson } from './json.ts';
import { loadDefinition } from './load.ts';
import type { Mount } from './mount.ts';
import { marshalOp, marshalTerminal, unmarshalOp, type Op } from './op.ts';
import { printDefinition } from './print.ts';
import { recorded } from './recorded.fixture.ts';

const all = [...recorded('client'), ...recorded('dockerfiles')];

test('every recorded op is marshalled to the bytes it came from', () => {
  for (const [name, { definition, digests }] of all) {
    const { ops } = unmarshalDefinition(Buffer.from(definition, 'base64'));
    assert.deepEqual(ops.map(remarshalled).map(digestOf), digests, name);
  }
});

test('every recorded definition loads, and is the same after it was marshalled', () => {
  for (const [name, { definition, head }] of all) {
    const read = unmarshalDefinition(Buffer.from(definition, 'base64'));
    const bytes = marshalDefinition(read);
    assert.equal(bytes.length, Buffer.from(definition, 'base64').length, name);
    const again = unmarshalDefinition(bytes);
    assert.deepEqual(again, read, name);
    assert.deepEqual(marshalDefinition(again), bytes, name);
    assert.equal(loadDefinition(read)?.head.digest ?? '', head, name);
    assert.equal(headOf(read) ?? '', head, name);
    assert.ok(printDefinition(read).length > 0);
  }
});

test('ops are printed in JSON as Go prints them', () => {
  for (const [name, { definition, ops }] of recorded('client')) {
    const read = unmarshalDefinition(Buffer.from(definition, 'base64'));
    assert.deepEqual(
      read.ops.map((bytes) => JSON.parse(goJson(opJson(unmarshalOp(bytes))))),
      ops,
      name,
    );
    // The order of members counts too, for these bytes are hashed.
    const printed = read.ops.map((bytes) => goJson(opJson(unmarshalOp(bytes))));
    assert.deepEqual(
      printed.map((json) => JSON.stringify(JSON.parse(json))),
      ops?.map((op) => JSON.stringify(op)),
      name,
    );
  }
});

test('damaged definitions are refused with a failure, whatever is damaged', () => {
  const random = generator(1);
  const [definition] = all.filter(([name]) => name === 'run-mounts').map(([, { definition }]) => definition);
  const good = Buffer.from(definition!, 'base64');
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const bytes = Buffer.from(good);
    for (let n = random(4); n >= 0; n--) bytes[random(bytes.length)] = random(256);
    const cut = random(3) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    try {
      const loaded = loadDefinition(unmarshalDefinition(cut));
      for (const { op } of loaded?.vertices.values() ?? []) goJson(opJson(op));
    } catch (error) {
      assert.ok(error instanceof Failed, String(error));
      assert.match(error.failure.kind, /^(proto-malformed|llb-)/);
      refused++;
    }
  }
  assert.ok(refused > 1000);
});

test('definitions that cannot be run are refused', async (t) => {
  const source: Op = { kind: 'source', inputs: [], identifier: 'docker-image://x', attrs: new Map() };
  const on = { inputs: [{ digest: marshalOp(source).digest, index: 0 }] };
  const mount: Mount = {
    kind: 'bind',
    input: 0,
    dest: '/',
    selector: '',
    output: 0,
    readonly: false,
    contentCache: 'default',
    resultId: '',
  };
  const exec: Op & { readonly kind: 'exec' } = {
    kind: 'exec',
    ...on,
    meta: {
      args: ['true'],
      env: [],
      cwd: '/',
      user: '',
      extraHosts: [],
      hostname: '',
      ulimits: [],
      cgroupParent: '',
      removeMountStubsRecursive: true,
      validExitCodes: [],
    },
    mounts: [mount],
    network: 'sandbox',
    security: 'sandbox',
    secretEnv: [],
    cdiDevices: [],
  };
  const rm: FileAction = {
    kind: 'rm',
    path: '/f',
    allowNotFound: false,
    allowWildcard: false,
    input: -1,
    secondaryInput: -1,
    output: 0,
  };
  const refused: Readonly<Record<string, Definition>> = {
    'an op alone': { ops: [marshalOp(source).bytes], metadata: new Map() },
    'an end alone': { ops: [marshalTerminal(on.inputs[0]!)], metadata: new Map() },
    'an end without an op': { ops: [marshalOp(source).bytes, new Uint8Array()], metadata: new Map() },
    'an end in the middle': {
      ops: [marshalOp(source).bytes, marshalTerminal(on.inputs[0]!), marshalTerminal(on.inputs[0]!)],
      metadata: new Map(),
    },
    'an input that is missing': of({ ...exec, inputs: [{ digest: digestOf('x'), index: 0 }] }),
    'a negative output': of({ ...exec, inputs: [{ digest: marshalOp(source).digest, index: -1 }] }),
    'bytes that are no op': { ops: [Buffer.from('0a05', 'hex'), marshalTerminal(on.inputs[0]!)], metadata: new Map() },
    'an exec without arguments': of({ ...exec, meta: { ...exec.meta, args: [] } }),
    'an exec without mounts': of({ ...exec, mounts: [] }),
    'an exec without a root': of({ ...exec, mounts: [{ ...mount, dest: '/x' }] }),
    'a mount of no input': of({ ...exec, mounts: [{ ...mount, input: 1 }] }),
    'a file op without actions': of({ kind: 'file', inputs: [], actions: [] }),
    'a file action on a later one': of({ kind: 'file', inputs: [], actions: [{ ...rm, input: 1 }, rm] }),
    'a file action on itself': of({ kind: 'file', inputs: [], actions: [{ ...rm, input: 0 }] }),
    'a file op that gives nothing': of({ kind: 'file', inputs: [], actions: [{ ...rm, output: -1 }] }),
    'a file op with a gap in its outputs': of({ kind: 'file', inputs: [], actions: [{ ...rm, output: 1 }] }),
    'a file op with an output twice': of({ kind: 'file', inputs: [], actions: [rm, rm] }),
    'a merge of no input': of({ kind: 'merge', ...on, layers: [0, 1] }),
    'a diff of no input': of({ kind: 'diff', ...on, lower: -2, upper: 0 }),
    'a passthrough without an id': of({ kind: 'passthrough', ...on, id: '', outputs: [0] }),
    'a passthrough without outputs': of({ kind: 'passthrough', ...on, id: 'x', outputs: [] }),
    'a passthrough of no input': of({ kind: 'passthrough', ...on, id: 'x', outputs: [1] }),
    // By hand: these have no form in our types.
    'an exec without a process': raw('1200'),
    'a diff without sides': raw('3a00'),
    'a diff without an upper side': raw('3a020a00'),
    'an unknown security mode': raw('120f 0a060a0474727565 12031a012f 2002'),
    'an unknown mount type': raw('120f 0a060a0474727565 1205 1a012f 3009'),
    'a secret without options': raw('120f 0a060a0474727565 1205 1a012f 3001'),
    'a file action of no kind': raw('2204 1202 1801'),
  };
  for (const [what, definition] of Object.entries(refused)) {
    await t.test(what, () => {
      assert.throws(
        () => loadDefinition(definition),
        (error) => failedOf(error, what === 'bytes that are no op' ? 'proto-malformed' : 'llb-invalid') !== undefined,
      );
    });
  }
  assert.equal(loadDefinition(of(exec))?.vertices.size, 2);

  function of(op: Op): Definition {
    const { bytes, digest } = marshalOp(op);
    return { ops: [marshalOp(source).bytes, bytes, marshalTerminal({ digest, index: 0 })], metadata: new Map() };
  }

  function raw(hex: string): Definition {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    return { ops: [bytes, marshalTerminal({ digest: digestOf(bytes), index: 0 })], metadata: new Map() };
  }
});

test('a capability that is not known is named', () => {
  const source: Op = { kind: 'source', inputs: [], identifier: 'docker-image://x', attrs: new Map() };
  const { bytes, digest } = marshalOp(source);
  const terminal = marshalTerminal({ digest, index: 0 });
  for (const at of [digest, digestOf(terminal)]) {
    const metadata = new Map([[at, { capabilities: new Set(['exec.time-travel']) }]]);
    assert.throws(
      () => loadDefinition({ ops: [bytes, terminal], metadata }),
      (error) =>
        error instanceof Failed &&
        error.failure.kind === 'llb-unsupported' &&
        error.failure.message.includes('exec.time-travel'),
    );
  }
});

test('ops are named after what they do', () => {
  const names = (name: string) => {
    const { definition } = recorded('client').get(name)!;
    const read = unmarshalDefinition(Buffer.from(definition, 'base64'));
    const bare = new Map([...read.metadata].map(([digest, entry]) => [digest, { capabilities: entry.capabilities }]));
    return [...loadDefinition({ ...read, metadata: bare })!.vertices.values()].map(({ name }) => name);
  };
  const busybox = 'docker-image://docker.io/library/busybox:latest';
  assert.deepEqual(names('merge'), [
    busybox,
    'mkfile /m',
    'sh -c echo $A',
    `merge (${busybox}, mkfile /m, sh -c echo $A)`,
  ]);
  assert.equal(names('diff').at(-1), `diff (${busybox}) -> (sh -c echo $A)`);
  assert.equal(names('mkfile-chain').at(-1), 'mkdir /d, mkfile /d/f, symlink /l -> /d/f, rm /d/f');
  assert.equal(names('copy').at(-1), 'copy /src/*.txt /dst/');
});

test('a definition reads well', () => {
  const { definition } = recorded('client').get('run-mounts')!;
  assert.equal(
    printDefinition(unmarshalDefinition(Buffer.from(definition, 'base64'))),
    `#1 source docker-image://docker.io/library/busybox:latest (linux/amd64)
#2 source local://context
   local.excludepatterns "[\\"**/*.log\\"]"
   local.followpaths "[\\"src\\"]"
   local.includepattern "[\\"src\\",\\"a\\\\u003cb\\"]"
   local.sharedkeyhint "hint"
   local.unique "fixture"
#3 exec make (linux/amd64)
   mount / #1 -> 0
   cache /cache id=id locked
   mount /out scratch -> 1
   mount /src #2 readonly
   tmpfs /tmp size=1048576
= #3.1
`,
  );
});

test('a definition is dumped as buildctl dumps it', () => {
  const { definition, digests, ops } = recorded('client').get('copy')!;
  const read = unmarshalDefinition(Buffer.from(definition, 'base64'));
  const lines = dumpJson(read).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ Op, Digest }) => ({ Op, Digest })),
    digests.map((digest, i) => ({ Op: ops?.[i], Digest: digest })),
  );
  assert.ok(lines[2]?.endsWith(`,"Digest":"${digests[2]}","OpMetadata":{"caps":{"file.base":true}}}`));
  assert.equal(
    dumpDot(read),
    `digraph {
  "${digests[0]}" [label="docker-image://docker.io/library/busybox:latest" shape="ellipse"];
  "${digests[1]}" [label="local://context" shape="ellipse"];
  "${digests[2]}" [label="copy{src=/src/*.txt, dest=/dst/}" shape="note"];
  "${digests[3]}" [label="${digests[3]}" shape="plaintext"];
  "${digests[0]}" -> "${digests[2]}" [label=""];
  "${digests[1]}" -> "${digests[2]}" [label=""];
  "${digests[2]}" -> "${digests[3]}" [label=""];
}
`,
  );
});

function remarshalled(bytes: Uint8Array): Uint8Array {
  const op = unmarshalOp(bytes);
  return op.kind === 'terminal' ? marshalTerminal(op.inputs[0]!) : marshalOp(op).bytes;
}

/** Numbers below a bound, the same in every run. */
function generator(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % bound;
  };
}
