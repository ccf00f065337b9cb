// What frontends ask of the engine, each question by a frontend of its own in a container.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { llb, type Event } from '@monokit/engine';
import type * as gateway from '@monokit/engine/gateway';
import type { FrontendClient } from '@monokit/engine/gateway';
import { failedOf } from '../../packages/engine/src/std/failed.ts';
import { openFrontendRig, type FrontendRig } from '../rig/frontend.ts';
import { Symlink } from '../rig/tree.ts';

let rig: FrontendRig;
before(async () => {
  rig = await openFrontendRig();
});
after(() => rig[Symbol.asyncDispose]());

const noNetwork = { 'moby.buildkit.frontend.network.none': 'true' };

test('a frontend is told its options, and what it may ask', async () => {
  const told = await rig.ask(
    async (client) => ({
      options: client.options,
      platforms: client.platforms,
      product: client.product,
      session: client.sessionId.length > 0,
      workers: client.workers.length,
      buildArgs: [...client.buildArgs],
      gateway: [...client.capabilities.gateway],
      hasMergeOp: client.capabilities.llb.has('mergeop'),
      user: process.getuid!(),
      cwd: process.cwd(),
    }),
    { options: { target: 'x=y', 'build-arg:WORD': 'a\nb', 'context:here': 'local:context' } },
  );
  const { gateway, ...rest } = told;
  assert.deepEqual(rest, {
    options: {
      source: 'scenario',
      requestid: 'test',
      target: 'x=y',
      'build-arg:WORD': 'a\nb',
      'context:here': 'local:context',
    },
    platforms: [{ os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch }],
    product: 'monokit',
    session: true,
    workers: 1,
    buildArgs: [['WORD', 'a\nb']],
    hasMergeOp: true,
    user: 0,
    cwd: '/tmp',
  });
  for (const capability of ['solve.base', 'frontend.inputs', 'gateway.exec.signals', 'proto.refarray']) {
    assert.ok(gateway.includes(capability), capability);
  }
  assert.ok(!gateway.includes('source.metaresolver.image.attestations'), 'what cannot be is not announced');
});

test('files of what was solved are read, listed and looked at', async () => {
  const read = await rig.ask(
    async (client, { llb }) => {
      const ref = await client.solve(llb.local('context'));
      const tail = Buffer.from(await ref.readFile('/numbers', { offset: 3, length: 4 })).toString();
      const failed = async (path: string) => ref.readText(path).catch((error: Error) => error.message);
      const { mtime, ...link } = await ref.stat('folder/script');
      return {
        text: await ref.readText('folder/../a'),
        tail,
        names: (await ref.readDir('/')).map(({ name, kind }) => `${name} ${kind}`),
        some: (await ref.readDir('/', { pattern: 'n*' })).map(({ name }) => name),
        link: { ...link, recent: mtime > 0n },
        through: await ref.readText('link'),
        errors: [await failed('missing'), await failed('folder'), await failed('out')],
      };
    },
    {
      context: {
        a: 'text of a',
        numbers: '0123456789',
        folder: { script: '#!/bin/sh\n' },
        link: new Symlink('folder/script'),
        out: new Symlink('/../../../../etc/shadow'),
      },
    },
  );
  assert.deepEqual(read, {
    text: 'text of a',
    tail: '3456',
    names: ['a file', 'folder directory', 'link symlink', 'numbers file', 'out symlink'],
    some: ['numbers'],
    link: {
      name: 'script',
      kind: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: 10,
      target: '',
      device: { major: 0, minor: 0 },
      xattrs: [],
      recent: true,
    },
    through: '#!/bin/sh\n',
    errors: [
      'open missing: no such file or directory',
      'folder is not a regular file',
      'open out: no such file or directory',
    ],
  });
});

test('what runs is brought about when somebody looks, and only then', async () => {
  const seen: string[] = [];
  const answer = await rig.ask(
    async (client, { llb }) => {
      const base = llb.image('busybox');
      const made = await client.solve(base.run(['sh', '-c', 'echo made > /made'], { customName: 'is looked at' }));
      await client.solve(base.run(['sh', '-c', 'exit 3'], { customName: 'is never looked at' }));
      const failing = base.run(['sh', '-c', 'exit 4'], { customName: 'fails' });
      const message = (error: Error) => error.message;
      const evaluated = await client.solve(base.run(['sh', '-c', 'true']), { evaluate: true });
      await evaluated.evaluate();
      return {
        made: await made.readText('/made'),
        again: await (await client.solve(made.state.run(['cp', '/made', '/again']))).readText('/again'),
        refused: await client.solve(failing, { evaluate: true }).then(() => '', message),
        later: await (await client.solve(failing)).evaluate().then(() => '', message),
      };
    },
    { onEvent: (event) => event.kind === 'vertex-known' && seen.push(event.name) },
  );
  const failure = 'process "sh -c exit 4" did not complete successfully: exit code: 4';
  assert.deepEqual(answer, { made: 'made\n', again: 'made\n', refused: failure, later: failure });
  assert.ok(seen.includes('is looked at'));
  assert.ok(!seen.includes('is never looked at'));
});

test('what a frontend looks at may come from a cache of the request', async () => {
  const random = async (client: FrontendClient, { llb }: typeof gateway) => {
    const ref = await client.solve(llb.image('busybox').run(['sh', '-c', 'cat /proc/sys/kernel/random/uuid > /id']));
    return { images: [{ platform: client.platforms[0]!, ref }] };
  };
  const cache = join(rig.folder, 'exported-cache');
  const cacheTo = [{ type: 'local', attrs: { dest: cache } }];
  const { out } = await rig.build(random, { cacheTo });
  await using other = await openFrontendRig();
  const read = async (client: FrontendClient, { llb }: typeof gateway) => {
    const ref = await client.solve(llb.image('busybox').run(['sh', '-c', 'cat /proc/sys/kernel/random/uuid > /id']));
    return ref.readText('/id');
  };
  const cacheFrom = [{ type: 'local', attrs: { src: cache } }];
  assert.equal(await other.ask(read, { cacheFrom }), readFileSync(join(out, 'id'), 'utf8'));
});

test('images are resolved, and what is wrong with that is told', async () => {
  const answer = await rig.ask(async (client) => {
    const found = await client.resolveImage('busybox');
    const bad = await client.resolveImage('NOT an image').then(
      () => '',
      (error: Error) => error.message,
    );
    return { ...found, config: found.config.config.Cmd, bad };
  });
  assert.equal(answer.reference, 'docker.io/library/busybox:latest');
  assert.match(answer.digest, /^sha256:/);
  assert.deepEqual(answer.config, ['sh']);
  assert.match(answer.bad, /invalid reference/);
});

test('an image of a frontend is built with its config, in the graph of the build', async () => {
  const { out, defined } = await rig.build(async (client, { llb }) => {
    const ref = await client.solve(llb.scratch().mkfile('/greeting', 'hello'));
    const config = {
      os: 'linux',
      architecture: 'amd64',
      config: { Cmd: ['/greeting'], Labels: { of: 'test' } },
      extra: 1,
    };
    return { images: [{ platform: client.platforms[0]!, ref, config, epoch: 1_600_000_000 }] };
  });
  assert.equal(readFileSync(join(out, 'greeting'), 'utf8'), 'hello');
  const [image] = defined.images;
  assert.deepEqual(image!.config!.config, { Cmd: ['/greeting'], Labels: { of: 'test' } });
  assert.equal(image!.config!['extra'], 1);
  assert.equal(image!.epoch, 1_600_000_000);
  assert.equal(defined.multiPlatform, false);
});

test('what a frontend gave is scanned by the engine where the frontend does not', async () => {
  const { out } = await rig.build(
    async (client, { llb }) => {
      const lock = { packages: { 'node_modules/left-pad': { version: '1.3.0' } } };
      const ref = await client.solve(llb.scratch().mkfile('/package-lock.json', JSON.stringify(lock)));
      return { images: [{ platform: client.platforms[0]!, ref }] };
    },
    { options: { 'attest:sbom': '', 'attest:provenance': 'mode=max' } },
  );
  assert.match(readFileSync(join(out, 'sbom.spdx.json'), 'utf8'), /pkg:npm\/left-pad@1\.3\.0/);
  assert.match(readFileSync(join(out, 'provenance.json'), 'utf8'), /"frontend": "gateway\.v0"/);
});

test('a result of several platforms has an image for each, an empty one too', async () => {
  const { out, defined } = await rig.build(
    async (client, { llb, formatPlatform }) => {
      const images = client.platforms.map(async (platform) => {
        const file = llb.scratch().mkfile('/platform', formatPlatform(platform));
        const ref = platform.architecture === '386' ? undefined : await client.solve(file, { platform });
        return { platform, ref };
      });
      return { images: await Promise.all(images) };
    },
    { options: { platform: 'linux/amd64,linux/arm64,linux/386' } },
  );
  assert.equal(defined.multiPlatform, true);
  assert.equal(readFileSync(join(out, 'linux_arm64/platform'), 'utf8'), 'linux/arm64');
  assert.deepEqual(
    defined.images.map(({ platform, definition }) => [platform.architecture, definition.ops.length > 0]),
    [
      ['amd64', true],
      ['arm64', true],
      ['386', false],
    ],
  );
});

test('what a frontend states of its result goes with it', async () => {
  const predicateType = 'https://example.com/facts';
  const { out } = await rig.build(async (client, { llb }) => {
    const file = (path: string, data: unknown) => client.solve(llb.scratch().mkfile(path, JSON.stringify(data)));
    const type = 'https://example.com/facts';
    const common = { predicateType: type, metadata: new Map() };
    const subject = [{ name: 'other', digest: { sha256: 'ab' } }];
    const attestations = [
      {
        ...common,
        kind: 'in-toto',
        path: '/facts.json',
        ref: await file('/facts.json', { isFact: true }),
        subjects: [{ kind: 'self', name: '', digests: [] }],
      },
      {
        ...common,
        kind: 'bundle',
        path: '/',
        ref: await file('/more.json', { predicateType: type, subject, predicate: { isFact: 'too' } }),
        subjects: [],
      },
    ] as const;
    return { images: [{ platform: client.platforms[0]!, ref: await file('/file', 1), attestations }] };
  });
  const statement = (name: string) => JSON.parse(readFileSync(join(out, name), 'utf8')) as Record<string, unknown>;
  assert.deepEqual(statement('facts.json').predicate, { isFact: true });
  assert.equal(statement('facts.json').predicateType, predicateType);
  assert.deepEqual(statement('more.json').predicate, { isFact: 'too' });
  assert.deepEqual(statement('more.json').subject, [{ name: 'other', digest: { sha256: 'ab' } }]);
});

test('annotations that a frontend gives are on its image', async () => {
  const layout = join(rig.folder, 'annotated');
  await rig.build(
    async (client, { llb }) => {
      const ref = await client.solve(llb.scratch().mkfile('/file', ''));
      const metadata = { 'annotation.org.example': 'of the frontend', 'annotation.org.other': 'too' };
      return { images: [{ platform: client.platforms[0]!, ref }], metadata };
    },
    {
      exports: [
        {
          type: 'oci',
          attrs: { tar: 'false', 'annotation.org.other': 'of the client' },
          destination: { kind: 'folder', path: layout },
        },
      ],
    },
  );
  const read = <T>(path: string) => JSON.parse(readFileSync(join(layout, path), 'utf8')) as T;
  const { manifests } = read<{ manifests: readonly { digest: string }[] }>('index.json');
  const { annotations } = read<{ annotations: object }>(`blobs/${manifests[0]!.digest.replace(':', '/')}`);
  assert.deepEqual(annotations, { 'org.example': 'of the frontend', 'org.other': 'of the client' });
});

test('where an image came from is not for a frontend to state', async () => {
  const built = rig.build(async (client, { llb }) => {
    const ref = await client.solve(llb.scratch().mkfile('/p.json', '{}'));
    const predicateType = 'https://slsa.dev/provenance/v1';
    const stated = { kind: 'in-toto', predicateType, path: '/p.json', ref, subjects: [], metadata: new Map() } as const;
    return { images: [{ platform: client.platforms[0]!, ref, attestations: [stated] }] };
  });
  await assert.rejects(built, /a frontend may not say where an image came from/);
});

test('a frontend has other frontends do a part, with inputs of its own', async () => {
  const { out } = await rig.build(
    async (client, { llb }) => {
      const tools = await client.marshal(llb.scratch().mkfile('/tool', 'a tool'));
      const options = { 'context:tools': 'input:tools', filename: 'Dockerfile' };
      return { result: await client.frontend('dockerfile.v0', options, { inputs: new Map([['tools', tools]]) }) };
    },
    { context: { Dockerfile: 'FROM scratch\nCOPY --from=tools /tool /\nCOPY own /\n', own: 'own' } },
  );
  assert.equal(readFileSync(join(out, 'tool'), 'utf8'), 'a tool');
  assert.equal(readFileSync(join(out, 'own'), 'utf8'), 'own');
});

test('what was handed in with the request is an input, with its config', async () => {
  const inputs = { given: llb.scratch().mkfile('/file', 'given') };
  const options = { 'context:x': 'input:given' };
  const scenario = async (client: FrontendClient) => {
    const all = await client.inputs();
    const ref = await client.solve(all.get('given')!);
    return { names: [...all.keys()], text: await ref.readText('/file') };
  };
  assert.deepEqual(await rig.ask(scenario, { inputs, options }), { names: ['given'], text: 'given' });
  const labels = { 'moby.buildkit.frontend.caps': '' };
  await assert.rejects(
    rig.ask(scenario, { inputs, options, labels }),
    /unsupported frontend capability moby.buildkit.frontend.inputs: scenario does not name it/,
  );
});

test('a frontend that asks itself for ever is stopped', async () => {
  await assert.rejects(
    rig.ask(async (client) => client.frontend('gateway.v0', { ...client.options }).then(() => 'never')),
    (error) => failedOf(error, 'frontend-failed')?.message.includes('more than 6 deep') ?? false,
  );
});

test('a warning has its place', async () => {
  const warnings: Extract<Event, { kind: 'warning' }>[] = [];
  await rig.ask(
    async (client) => {
      const place = { file: 'Recipe', text: 'one\ntwo\n', line: 2, column: 3 };
      await client.warn('mind this', { place, detail: ['more'], url: 'https://example.com/rule' });
    },
    { onEvent: (event) => event.kind === 'warning' && warnings.push(event) },
  );
  assert.deepEqual(
    warnings.map(({ diagnostic }) => diagnostic),
    [
      {
        severity: 'warning',
        code: 'frontend',
        message: 'mind this',
        hint: 'more',
        url: 'https://example.com/rule',
        file: 'Recipe',
        range: { start: { line: 2, column: 3 }, end: { line: 2, column: 3 } },
      },
    ],
  );
});

test('an error has its place, and a failure of the engine stays what it was', async () => {
  await assert.rejects(
    rig.ask(async (_client, { FrontendError }) => {
      throw new FrontendError('this is no recipe', { file: 'Recipe', text: 'x', line: 1, column: 1 });
    }),
    (error) => {
      const failed = failedOf(error, 'frontend-failed');
      const { message, diagnostics } = failed!.failure as { message: string; diagnostics?: readonly object[] };
      assert.equal(message, 'Recipe:1:1: this is no recipe');
      assert.deepEqual(diagnostics, [
        {
          severity: 'error',
          code: 'frontend',
          message: 'this is no recipe',
          file: 'Recipe',
          range: { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } },
        },
      ]);
      return true;
    },
  );
  await assert.rejects(
    rig.ask(async (client, { llb }) => {
      await client.solve(llb.image('busybox').run(['false'], { customName: 'the step' }), { evaluate: true });
    }),
    (error) => (failedOf(error, 'vertex')?.failure as { name?: string } | undefined)?.name === 'the step',
  );
});

test('a program that breaks is told with what it wrote to stderr', async () => {
  const log: string[] = [];
  const onEvent = (event: Event) => event.kind === 'log' && log.push(Buffer.from(event.data).toString());
  await assert.rejects(
    rig.define(`console.error('about to break'); process.exit(7)`, { onEvent }),
    /frontend scenario failed: process "node .*" did not complete successfully: exit code: 7\nabout to break$/,
  );
  assert.match(log.join(''), /about to break/);
  await assert.rejects(rig.define(`process.exit(0)`), /frontend scenario failed: it ended without a result/);
  await assert.rejects(
    rig.define(`console.log('hello'); setInterval(() => {}, 1000)`),
    /wrote something to its stdout that is no gRPC/,
  );
  await assert.rejects(rig.define(`nonsense`), /ReferenceError: nonsense is not defined/);
});

test('what a frontend prints goes to stderr, and does not disturb it', async () => {
  const log: string[] = [];
  const answer = await rig.ask(
    async () => {
      console.log('to the console');
      process.stdout.write('to stdout\n');
      return 'fine';
    },
    { onEvent: (event) => event.kind === 'log' && log.push(Buffer.from(event.data).toString()) },
  );
  assert.equal(answer, 'fine');
  assert.equal(log.join(''), 'to the console\nto stdout\n');
});

test('a frontend has no network where its image says so', async () => {
  const interfaces = async () => Object.keys((await import('node:os')).networkInterfaces());
  assert.deepEqual(await rig.ask(interfaces, { labels: noNetwork }), ['lo']);
});

test('a build that is given up ends the frontend', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const program = `console.error('ready'); setInterval(() => {}, 1000)`;
  const onEvent = (event: Event) => event.kind === 'log' && stop.abort(reason);
  await assert.rejects(rig.define(program, { signal: stop.signal, onEvent }), (error) => error === reason);
});

test('a frontend may do no more than who asked for the build', async () => {
  const scenario = async (client: FrontendClient, library: typeof gateway) => {
    const base = library.llb.image('busybox');
    const message = (error: Error) => error.message;
    const ref = await client.solve(base);
    const mounts = [{ kind: 'bind', target: '/', from: ref }] as const;
    await using container = await client.container({ mounts });
    return [
      await client.solve(base.run(['true'], { network: 'host' }), { evaluate: true }).then(() => '', message),
      await client.container({ mounts, network: 'host' }).then(() => '', message),
      await container.run({ args: ['true'], security: 'insecure' }).then(() => '', message),
    ];
  };
  const refused = await rig.ask(scenario);
  assert.match(refused[0]!, /needs network.host, which is not allowed/);
  assert.match(refused[1]!, /needs network.host, which is not allowed/);
  assert.match(refused[2]!, /needs security.insecure, which is not allowed/);
  const entitlements = ['network.host', 'security.insecure'];
  assert.deepEqual(await rig.ask(scenario, { entitlements }), ['', '', '']);
});
