// Where files and images come from: the main context, its ignore file, named contexts, other images of the build.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bridge, FrontendResult } from '../../packages/engine/src/frontend/frontend.ts';
import type { Definition } from '../../packages/engine/src/llb/definition.ts';
import { unmarshalOp } from '../../packages/engine/src/llb/op.ts';
import { image } from '../../packages/engine/src/llb/sources.ts';
import { digestOf } from '../../packages/engine/src/oci/digest.ts';
import { busyboxConfig, convertText, fakeBridge } from './fixture.ts';

function sourcesIn(definition: Definition) {
  return definition.ops.map(unmarshalOp).filter((op) => op.kind === 'source');
}

function sources({ images }: FrontendResult) {
  return sourcesIn(images[0]!.definition).map(({ identifier, attrs }) => ({
    identifier,
    ...Object.fromEntries(attrs),
  }));
}

function identifiers(result: FrontendResult) {
  return sources(result).map(({ identifier }) => identifier);
}

/** A bridge that has different files in different folders of the client. */
function folders(files: Readonly<Record<string, Readonly<Record<string, string>>>>, overrides: Partial<Bridge> = {}) {
  return fakeBridge(
    {},
    {
      readFile: async (definition, path) => {
        const [source] = sourcesIn(definition);
        const found = files[source!.identifier]?.[path];
        return found === undefined ? undefined : Buffer.from(found);
      },
      ...overrides,
    },
  );
}

test('the context is fetched as far as it is read', async () => {
  const result = await convertText('FROM scratch\nCOPY b a/ /x/\nADD c /\n');
  assert.deepEqual(sources(result), [
    {
      identifier: 'local://context',
      'local.followpaths': '["a","b","c"]',
      'local.sharedkeyhint': 'context',
      'local.unique': 'fixture',
    },
  ]);
  const all = await convertText('FROM scratch\nCOPY . /x/\n');
  assert.equal('local.followpaths' in sources(all)[0]!, false);
});

test('the ignore file beside the Dockerfile comes first, else that of the context', async () => {
  const files = {
    'local://dockerfile': { 'a.Dockerfile': 'FROM scratch\nCOPY a /\n' },
    'local://context': { '.dockerignore': '# x\n/b\n!c' },
  };
  const options = { filename: 'a.Dockerfile' };
  const own = await convertText('', options, folders(files));
  assert.match(JSON.stringify(sources(own)), /"local.excludepatterns":"\[\\"b\\",\\"!c\\"\]"/);
  const beside = { ...files['local://dockerfile'], 'a.Dockerfile.dockerignore': 'd' };
  const first = await convertText('', options, folders({ ...files, 'local://dockerfile': beside }));
  assert.match(JSON.stringify(sources(first)), /"local.excludepatterns":"\[\\"d\\"\]"/);
});

test('a pattern that cannot be read is told', async () => {
  const files = {
    'local://dockerfile': { Dockerfile: 'FROM scratch\nCOPY a /\n' },
    'local://context': { '.dockerignore': 'a[' },
  };
  await assert.rejects(convertText('', {}, folders(files)), /in \.dockerignore: syntax error in pattern "a\["/);
});

test('dockerfile in lower case will do, another name has to be there', async () => {
  const files = { 'local://dockerfile': { 'x/dockerfile': 'FROM scratch\nCOPY a /\n' } };
  assert.deepEqual(identifiers(await convertText('', { filename: 'x/Dockerfile' }, folders(files))), [
    'local://context',
  ]);
  await assert.rejects(
    convertText('', { filename: 'x/other' }, folders(files)),
    /failed to read dockerfile: open x\/other: no such file or directory/,
  );
});

test('a git context has the Dockerfile too', async () => {
  const address = 'https://example.com/x.git#main:dir';
  const identifier = 'git://example.com/x.git#main:dir';
  const files = { [identifier]: { Dockerfile: 'FROM scratch\nCOPY a /\n', '.dockerignore': 'a' } };
  const result = await convertText('', { context: address }, folders(files));
  assert.deepEqual(identifiers(result), [identifier]);
});

test('a folder that is taken whole has the Dockerfile, and its ignore file is a file like others', async () => {
  const files = { 'local://all': { Dockerfile: 'FROM scratch\nCOPY a /\n', '.dockerignore': 'a' } };
  const result = await convertText('', { context: 'local:all' }, folders(files));
  assert.deepEqual(identifiers(result), ['local://all']);
  const [source] = result.images[0]!.definition.ops.map(unmarshalOp);
  assert.ok(source?.kind === 'source' && !source.attrs.has('local.excludepatterns'));
});

test('a download is an archive or a Dockerfile', async () => {
  const address = 'http://example.com/c';
  const text = await convertText(
    '',
    { context: address },
    folders({ [address]: { context: 'FROM scratch\nCOPY a /\n' } }),
  );
  assert.deepEqual(identifiers(text), [address]);
  const bridge = fakeBridge(
    {},
    {
      readFile: async (_definition, path) => {
        if (path === 'context') return Buffer.from([0x1f, 0x8b, 8, 0]);
        return path === 'Dockerfile' ? Buffer.from('FROM scratch\nCOPY a /\n') : undefined;
      },
    },
  );
  const archive = await convertText('', { context: address }, bridge);
  const [, unpack] = archive.images[0]!.definition.ops.map(unmarshalOp);
  assert.ok(unpack?.kind === 'file' && unpack.actions[0]!.kind === 'copy' && unpack.actions[0]!.unpackArchives);
});

test('a named context takes the place of an image, a stage and what COPY and mounts name', async () => {
  const text = `FROM alpine AS base
FROM base AS other
RUN --mount=from=tools,target=/t true
COPY --from=ghcr.io/x/y /f /f
`;
  const files = { 'local://dockerfile': { Dockerfile: text } };
  const options = {
    'context:alpine': 'docker-image://busybox:1',
    'context:tools': 'local:folder',
    'context:ghcr.io/x/y': 'https://example.com/y.git',
  };
  assert.deepEqual(identifiers(await convertText('', options, folders(files))).sort(), [
    'docker-image://docker.io/library/busybox:1',
    'git://example.com/y.git',
    'local://folder',
  ]);
  const replaced = await convertText('', { ...options, 'context:base': 'docker-image://debian' }, folders(files));
  assert.ok(identifiers(replaced).includes('docker-image://docker.io/library/debian:latest'));
});

test('a named folder has its own ignore file and is fetched as far as it is read', async () => {
  const files = {
    'local://dockerfile': { Dockerfile: 'FROM scratch\nCOPY --from=x /a /b\n' },
    'local://folder': { '.dockerignore': 'c' },
  };
  const [source] = sources(await convertText('', { 'context:x': 'local:folder' }, folders(files)));
  assert.deepEqual(source, {
    identifier: 'local://folder',
    'local.excludepatterns': '["c"]',
    'local.followpaths': '["a"]',
    'local.sharedkeyhint': 'context:x-',
    'local.unique': 'fixture',
  });
});

test('a named context may be for one platform', async () => {
  const options = {
    'context:alpine::linux/arm64': 'docker-image://arm',
    'context:alpine': 'docker-image://any',
    platform: 'linux/amd64,linux/arm64',
  };
  const { images } = await convertText('FROM alpine\nRUN x\n', options);
  assert.deepEqual(
    images.map(({ definition }) => sourcesIn(definition)[0]!.identifier),
    ['docker-image://docker.io/library/any:latest', 'docker-image://docker.io/library/arm:latest'],
  );
});

test('an OCI layout is asked for by its digest', async () => {
  const digest = digestOf('image');
  const asked: unknown[] = [];
  const bridge = fakeBridge(
    { Dockerfile: 'FROM alpine\nRUN x\n' },
    {
      resolveImage: async (reference, { layout }) => {
        asked.push({ reference, layout });
        return { digest, config: Buffer.from(JSON.stringify(busyboxConfig)) };
      },
    },
  );
  const [source] = sources(await convertText('', { 'context:alpine': `oci-layout://store:tag@${digest}` }, bridge));
  assert.deepEqual(asked, [{ reference: `docker.io/library/alpine@${digest}`, layout: 'store' }]);
  assert.deepEqual(source, { identifier: `oci-layout://docker.io/library/alpine@${digest}`, 'oci.store': 'store' });
  await assert.rejects(convertText('FROM alpine', { 'context:alpine': 'oci-layout://store' }), /has no digest/);
});

test('another image of the build stands for its name', async () => {
  const definition = await image('base')
    .run(['make'])
    .marshal({ platform: { os: 'linux', architecture: 'amd64' } });
  const bridge = fakeBridge(
    { Dockerfile: 'FROM app:dev AS a\nRUN x\nFROM scratch\nCOPY --from=a / /\n' },
    {
      input: async (name) =>
        name === 'app:dev'
          ? { definition, config: { ...busyboxConfig, rootfs: undefined!, config: { Env: ['MADE=yes'] } } }
          : undefined,
    },
  );
  const result = await convertText('', {}, bridge);
  assert.deepEqual(identifiers(result), ['docker-image://docker.io/library/base:latest']);
  const run = result.images[0]!.definition.ops.map(unmarshalOp)
    .filter((op) => op.kind === 'exec')
    .at(-1);
  assert.ok(run?.meta.env.includes('MADE=yes'));
});

test('only what the target needs is looked up', async () => {
  const asked: string[] = [];
  const bridge = fakeBridge(
    { Dockerfile: 'FROM one AS a\nFROM two AS b\nCOPY --from=a / /\nFROM three\n' },
    {
      resolveImage: async (reference) => {
        asked.push(reference);
        return { digest: digestOf(reference), config: Buffer.from(JSON.stringify(busyboxConfig)) };
      },
    },
  );
  await convertText('', { target: 'B' }, bridge);
  assert.deepEqual(asked.sort(), ['docker.io/library/one:latest', 'docker.io/library/two:latest']);
});

test('triggers of a base image run first and may need more', async () => {
  const bridge = fakeBridge(
    { Dockerfile: 'FROM base\nRUN last\n' },
    {
      resolveImage: async (reference) => {
        const config = { ...busyboxConfig.config, OnBuild: ['COPY --from=other /a /b', 'RUN first'] };
        const told = reference.includes('/base:') ? { ...busyboxConfig, config } : busyboxConfig;
        return { digest: digestOf(reference), config: Buffer.from(JSON.stringify(told)) };
      },
    },
  );
  const result = await convertText('', {}, bridge);
  assert.equal(identifiers(result).length, 2);
  assert.equal(result.images[0]!.config!.config.OnBuild, undefined);
  const history = result.images[0]!.config!.history!.slice(1).map((entry) => entry.created_by);
  assert.deepEqual(history, [
    'COPY /a /b # buildkit',
    'RUN /bin/sh -c first # buildkit',
    'RUN /bin/sh -c last # buildkit',
  ]);
});

test('a base image that lies about its config is told', async () => {
  const bridge = fakeBridge(
    { Dockerfile: 'FROM base\n' },
    {
      resolveImage: async () => ({ digest: digestOf('x'), config: Buffer.from('{"config":{"Env":"no list"}}') }),
    },
  );
  await assert.rejects(
    convertText('', {}, bridge),
    /Dockerfile:1:6: base: failed to parse image config: Env is not a list/,
  );
});

test('SOURCE_DATE_EPOCH dates what is made', async () => {
  const text = 'FROM scratch AS date\nADD https://example.com/x.git /\nFROM busybox\nWORKDIR /x\nLABEL a=b\n';
  const bridge = fakeBridge({ Dockerfile: text }, { changedAt: async () => 1_600_000_000 });
  for (const value of ['1600000000', 'date']) {
    const { images } = await convertText('', { 'build-arg:SOURCE_DATE_EPOCH': value }, bridge);
    assert.equal(images[0]!.epoch, 1_600_000_000);
    assert.equal(images[0]!.config!.history!.at(-1)!.created, '2020-09-13T12:26:40Z');
    const mkdir = images[0]!.definition.ops.map(unmarshalOp).find((op) => op.kind === 'file');
    const [action] = mkdir?.kind === 'file' ? mkdir.actions : [];
    assert.ok(action?.kind === 'mkdir' && action.timestamp === 1_600_000_000_000_000_000n);
  }
  assert.equal((await convertText(text, { 'build-arg:SOURCE_DATE_EPOCH': 'context' })).images[0]!.epoch, undefined);
  await assert.rejects(convertText(text, { 'build-arg:SOURCE_DATE_EPOCH': 'soon' }), /invalid SOURCE_DATE_EPOCH: soon/);
});
