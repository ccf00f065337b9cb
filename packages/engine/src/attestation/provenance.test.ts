import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as llb from '../llb/llb.ts';
import type { SourceOp } from '../llb/source.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import { parseReference } from '../oci/reference.ts';
import { Failed } from '../std/failed.ts';
import { readAttestOptions } from './attest-options.ts';
import { buildConfig, buildSource } from './build-steps.ts';
import { capture, type Material } from './capture.ts';
import { slsa02 } from './provenance-v02.ts';
import { predicateV1, provenance, type BuildTold } from './provenance.ts';
import { imagePurl, packagePurl } from './purl.ts';
import { withoutCredentials } from './redact.ts';
import { shownDefinition } from './shown-definition.ts';
import { statementJson } from './statement.ts';
import { stepLayers } from './step-layers.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };
const digest = digestOf('x');
const commit = '4b220de5058abfd01ff619c9d2ff6b09a049bea0';

async function settle(op: SourceOp): Promise<Material> {
  const name = op.identifier.slice(op.identifier.indexOf('://') + 3);
  if (op.identifier.startsWith('local:')) return { kind: 'local', name };
  if (op.identifier.startsWith('git:')) {
    const lent = { secrets: new Map([['GIT_AUTH_TOKEN', true]]), ssh: new Map() };
    return { kind: 'git', url: `https://user:pw@github.com/${name.slice(name.indexOf('/') + 1)}`, commit, lent };
  }
  if (op.identifier.startsWith('https:')) return { kind: 'http', url: op.identifier, digest };
  return { kind: 'image', reference: name, digest, local: false, platform: op.platform ?? amd64 };
}

const graph = () => {
  const base = llb.image('docker.io/library/alpine:3.20', { platform: amd64 });
  const run = base.run(['make'], {
    mounts: [
      { kind: 'secret', id: 'token', target: '/t', optional: true },
      { kind: 'ssh', id: 'default', target: '/agent' },
    ],
  });
  return run
    .copy(llb.local('context'), '/a', '/a')
    .copy(llb.git('https://github.com/org/repo', { ref: 'main' }), '/b', '/b')
    .copy(llb.http('https://me:pw@example.com/c'), '/c', '/c');
};

async function told(more: Partial<BuildTold> = {}): Promise<BuildTold> {
  const definition = await graph().marshal({ platform: amd64 });
  const captured = await capture(definition, { resolved: [], platform: amd64, settle });
  return {
    frontend: 'dockerfile.v0',
    args: {
      filename: 'Dockerfile',
      'build-arg:PROXY': 'http://me:secret@proxy:80',
      'label:a': 'b',
      target: 'release',
      platform: 'linux/amd64',
      'attest:provenance': 'mode=max',
      'vcs:revision': commit,
      'vcs:source': 'https://me:secret@github.com/org/repo',
    },
    definition,
    captured,
    config: { path: 'Dockerfile' },
    dockerfileVersion: '1.26.0',
    ...more,
  };
}

const max = { mode: 'max', builderId: 'https://ci.example.com/1', reproducible: true } as const;
const nothing = { layers: [] };

test('images are named as BuildKit names them', () => {
  const of = (text: string, platform?: typeof amd64) => imagePurl('docker', parseReference(text), platform);
  const sha = `sha256:${'a'.repeat(64)}`;
  assert.equal(of('alpine'), 'pkg:docker/alpine@latest');
  assert.equal(of('library/alpine:3.15'), 'pkg:docker/alpine@3.15');
  assert.equal(of(`docker.io/library/alpine:latest@${sha}`), `pkg:docker/alpine@latest?digest=${sha}`);
  assert.equal(of(`docker.io/library/alpine@${sha}`), `pkg:docker/alpine?digest=${sha}`);
  assert.equal(of('user/test:v2'), 'pkg:docker/user/test@v2');
  assert.equal(of('ghcr.io/foo/bar'), 'pkg:docker/ghcr.io/foo/bar@latest');
  assert.equal(of(`busybox@${sha}`, amd64), `pkg:docker/busybox?digest=${sha}&platform=linux%2Famd64`);
  assert.equal(of('localhost:5000/app:1'), 'pkg:docker/localhost%3A5000/app@1');
  assert.equal(
    packagePurl({ type: 'npm', namespace: '@types', name: 'node', version: '24.0.0' }),
    'pkg:npm/%40types/node@24.0.0',
  );
});

test('credentials in URLs are hidden, and digests of images are none', () => {
  assert.equal(withoutCredentials('x https://u:p@h/y http://u@h'), 'x https://xxxxx:xxxxx@h/y http://xxxxx@h');
  for (const text of [`oci-layout://store@${digest}`, 'git@github.com:a/b', 'a@b', 'https://h/a@b', 'docker-image://a'])
    assert.equal(withoutCredentials(text), text);
});

test('what was read and lent is told once, sorted, and without credentials', async () => {
  const { captured } = await told();
  assert.deepEqual(captured, {
    images: [
      {
        kind: 'image',
        reference: 'docker.io/library/alpine:3.20',
        digest,
        local: false,
        platform: amd64,
      },
    ],
    git: [
      {
        kind: 'git',
        url: 'https://xxxxx:xxxxx@github.com/org/repo#main',
        commit,
        lent: { secrets: new Map([['GIT_AUTH_TOKEN', true]]), ssh: new Map() },
      },
    ],
    http: [{ kind: 'http', url: 'https://xxxxx:xxxxx@example.com/c', digest }],
    locals: ['context'],
    secrets: new Map([
      ['GIT_AUTH_TOKEN', true],
      ['token', true],
    ]),
    ssh: new Map([['default', false]]),
    network: true,
    incomplete: false,
  });
});

test('an image is named by its tag where it is there by tag and digest, and for the platform of the result', async () => {
  const reference = 'docker.io/library/alpine:3.20';
  const definition = await llb.image(`${reference}@${digest}`, { platform: arm64 }).marshal();
  const resolved = [amd64, arm64].map((platform) => ({
    kind: 'image' as const,
    reference,
    digest: digestOf(platform.architecture),
    local: false,
    platform,
  }));
  const { images, network } = await capture(definition, { resolved, platform: arm64, settle });
  assert.deepEqual(images, [resolved[1]]);
  assert.equal(network, false);
  const onlyBuilder = await capture(definition, { resolved: [resolved[0]!], platform: arm64, settle });
  assert.deepEqual(onlyBuilder.images, [resolved[0]]);
});

test('provenance in mode max has every field of BuildKit, and hides credentials and options of the machine', async () => {
  const { buildDefinition, runDetails } = predicateV1(await told(), max, nothing);
  assert.deepEqual(Object.keys(buildDefinition), [
    'buildType',
    'resolvedDependencies',
    'externalParameters',
    'internalParameters',
  ]);
  assert.deepEqual(buildDefinition.resolvedDependencies, [
    { uri: 'pkg:docker/alpine@3.20?platform=linux%2Famd64', digest: { sha256: digest.slice(7) } },
    { uri: 'https://xxxxx:xxxxx@github.com/org/repo#main', digest: { sha1: commit } },
    { uri: 'https://xxxxx:xxxxx@example.com/c', digest: { sha256: digest.slice(7) } },
  ]);
  assert.deepEqual(buildDefinition.externalParameters, {
    configSource: { path: 'Dockerfile' },
    request: {
      frontend: 'dockerfile.v0',
      args: { 'build-arg:PROXY': 'http://xxxxx:xxxxx@proxy:80', 'label:a': 'b', target: 'release' },
      secrets: [
        { id: 'GIT_AUTH_TOKEN', optional: true },
        { id: 'token', optional: true },
      ],
      ssh: [{ id: 'default' }],
      locals: [{ name: 'context' }],
      compatibilityVersion: 30,
    },
  });
  assert.deepEqual(Object.keys(buildDefinition.internalParameters), [
    'buildConfig',
    'builderPlatform',
    'dockerfileVersion',
  ]);
  assert.deepEqual(runDetails, {
    builder: { id: 'https://ci.example.com/1' },
    metadata: {
      buildkit_metadata: { vcs: { revision: commit, source: 'https://xxxxx:xxxxx@github.com/org/repo' } },
      buildkit_completeness: { request: true, resolvedDependencies: false },
      buildkit_reproducible: true,
    },
  });
  assert.doesNotMatch(JSON.stringify([buildDefinition, runDetails]), /secret@|:pw@/);
});

test('provenance in mode min leaves out arguments, labels, what was lent and the steps, and says so', async () => {
  const { buildDefinition, runDetails } = predicateV1(await told(), { ...max, mode: 'min' }, nothing);
  const { request } = buildDefinition.externalParameters;
  assert.deepEqual(request, {
    frontend: 'dockerfile.v0',
    args: { target: 'release' },
    locals: [{ name: 'context' }],
    compatibilityVersion: 30,
  });
  assert.deepEqual(Object.keys(buildDefinition.internalParameters), ['builderPlatform', 'dockerfileVersion']);
  assert.deepEqual(runDetails.metadata.buildkit_completeness, { request: false, resolvedDependencies: false });
  assert.deepEqual(Object.keys(runDetails.metadata.buildkit_metadata), ['vcs']);
});

test('a build that reads only what digests name, and no network, is hermetic', async () => {
  const definition = await llb.image('docker.io/library/alpine:3.20').run(['true'], { network: 'none' }).marshal();
  const captured = await capture(definition, { resolved: [], platform: amd64, settle });
  const { runDetails } = predicateV1(await told({ definition, captured }), max, nothing);
  assert.equal(runDetails.metadata.buildkit_hermetic, true);
  assert.deepEqual(runDetails.metadata.buildkit_completeness, { request: true, resolvedDependencies: true });
  const options = readAttestOptions({ 'attest:provenance': 'complete-materials=true' }).provenance!;
  assert.doesNotThrow(async () => provenance(await told({ definition, captured }), options));
  const all = await told();
  assert.throws(
    () => provenance(all, options),
    (error: Failed) => error.failure.kind === 'materials-incomplete' && /folder context/.test(error.message),
  );
});

test('times and an invocation are told only where the result is of its time', async () => {
  const build = await told();
  const { metadata } = predicateV1(build, max, { layers: [], times: { started: 0, finished: 1500 } }).runDetails;
  assert.equal(metadata.startedOn, '1970-01-01T00:00:00.000Z');
  assert.equal(metadata.finishedOn, '1970-01-01T00:00:01.500Z');
  assert.match(metadata.invocationId!, /^[0-9a-f]{32}$/);
  assert.deepEqual(predicateV1(build, max, nothing), predicateV1(await told(), max, nothing));
});

test('predicate v0.2 tells the same by its own names', async () => {
  const v1 = predicateV1(await told(), max, { layers: [], times: { started: 0, finished: 1 } });
  const v02 = slsa02(v1);
  assert.deepEqual(Object.keys(v02), ['builder', 'buildType', 'materials', 'invocation', 'buildConfig', 'metadata']);
  assert.deepEqual(v02.materials, v1.buildDefinition.resolvedDependencies);
  const { configSource, request } = v1.buildDefinition.externalParameters;
  assert.deepEqual(v02.invocation, {
    configSource: { entryPoint: configSource.path },
    parameters: request,
    environment: { dockerfileVersion: '1.26.0', platform: v1.buildDefinition.internalParameters.builderPlatform },
  });
  assert.deepEqual(Object.keys(v02.metadata as object), [
    'buildInvocationID',
    'buildStartedOn',
    'buildFinishedOn',
    'completeness',
    'reproducible',
    'https://mobyproject.org/buildkit@v1#metadata',
  ]);
});

test('steps are named from the first input on, and show no session', async () => {
  const definition = shownDefinition(await graph().marshal({ platform: amd64, localUniqueId: 'mine' }));
  const { llbDefinition, digestMapping } = buildConfig(definition)!;
  assert.deepEqual(
    llbDefinition.map(({ id, inputs = [] }) => `${id} ${inputs.join(' ')}`.trim()),
    [
      'step0',
      'step1 step0:0',
      'step2',
      'step3 step1:0 step2:0',
      'step4',
      'step5 step3:0 step4:0',
      'step6',
      'step7 step5:0 step6:0',
      'step8 step7:0',
    ],
  );
  assert.equal(Object.keys(digestMapping).length, 9);
  assert.equal(digestMapping[digestOf(definition.ops.at(-1)!)], 'step8');
  const printed = JSON.stringify(llbDefinition);
  assert.doesNotMatch(printed, /local\.unique|mine|sha256:/);
  assert.match(printed, /https:\/\/xxxxx:xxxxx@example\.com\/c/);
  assert.equal(buildSource(definition), undefined);
});

test('each step that the image is made of has its layers, as far as they can be counted', async () => {
  const layers = ['base1', 'base2', 'run', 'copied', 'linked'].map((name): Descriptor => ({
    mediaType: 'l',
    digest: digestOf(name),
    size: 1,
  }));
  const of = async (state: llb.State, count: number) => {
    const found = stepLayers(await state.marshal({ platform: amd64 }), layers.slice(0, count));
    return Object.fromEntries(
      Object.entries(found).map(([step, [chain]]) => [step, chain!.map((each) => layers.indexOf(each)).join('')]),
    );
  };
  const base = llb.image('docker.io/library/alpine:3.20');
  const run = base.run(['a']);
  const copied = run.copy(llb.local('context'), '/a', '/a');
  assert.deepEqual(await of(copied, 4), { 'step0:0': '01', 'step1:0': '012', 'step3:0': '0123' });
  const linked = llb.merge([copied, llb.scratch().copy(llb.local('context'), '/b', '/b')]);
  assert.deepEqual(await of(linked, 5), {
    'step0:0': '01',
    'step1:0': '012',
    'step3:0': '0123',
    'step4:0': '4',
    'step5:0': '01234',
  });
  assert.deepEqual(await of(llb.scratch().copy(llb.local('context'), '/b', '/b'), 1), { 'step1:0': '0' });
  // What doesn't add up tells of the whole alone.
  assert.deepEqual(await of(llb.merge([base, llb.image('docker.io/library/busybox')]), 3), { 'step2:0': '012' });
  assert.deepEqual(await of(llb.scratch().copy(llb.local('context'), '/b', '/b'), 2), { 'step1:0': '01' });
});

test('a statement is about the result unless it names something else', async () => {
  const made = provenance(await told(), readAttestOptions({ 'attest:provenance': '' }).provenance!);
  const result = [{ name: 'pkg:docker/a', digest: { sha256: 'aa' } }];
  const statement = JSON.parse(statementJson(made, { result, told: nothing })) as Record<string, unknown>;
  assert.deepEqual(Object.keys(statement), ['_type', 'predicateType', 'subject', 'predicate']);
  assert.deepEqual(statement['subject'], result);
  const other = { ...made, subjects: [{ name: 'b', digest: {} }] };
  assert.deepEqual(JSON.parse(statementJson(other, { result, told: nothing })).subject, other.subjects);
});

test('options are BuildKit’s, and what is not there is refused', () => {
  assert.deepEqual(readAttestOptions({ target: 'x' }), {});
  assert.deepEqual(readAttestOptions({ 'build-arg:BUILDKIT_ATTEST_PROVENANCE': 'mode=min,version=v0.2' }), {
    provenance: {
      mode: 'min',
      version: 'v0.2',
      builderId: '',
      filename: 'provenance.json',
      reproducible: false,
      inlineOnly: false,
      completeMaterials: false,
    },
  });
  assert.deepEqual(readAttestOptions({ 'attest:sbom': '"generator=docker.io/foo/bar","A=b,c"' }), {
    sbom: { generator: 'docker.io/foo/bar:latest', parameters: { A: 'b,c' } },
  });
  assert.equal(readAttestOptions({ 'attest:provenance': 'mode=full' }).provenance!.mode, 'max');
  for (const [type, value, message] of [
    ['provenance', 'mode=medium', /mode=medium is none of/],
    ['provenance', 'version=v2', /version=v2 is none of/],
    ['provenance', 'capture-usage=true', /not measured/],
    ['provenance', 'filename=a/b', /no name for a file/],
    ['provenance', 'modes=max', /did you mean mode\?/],
    ['sbom', 'generator=', /cannot be empty/],
    ['sbom', 'depth=2', /name one/],
    ['signature', '', /unknown attestation type "signature"/],
  ] as const) {
    assert.throws(() => readAttestOptions({ [`attest:${type}`]: value }), message);
  }
});
