import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startDebianRegistry, type DebianRegistry } from '../rig/debian-registry.ts';
import { TestRegistry } from '../rig/registry.ts';
import { Rig } from '../rig/rig.ts';

interface Listed {
  readonly digest: string;
  readonly mediaType: string;
  readonly platform?: { readonly architecture: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Index {
  readonly mediaType: string;
  readonly manifests: readonly Listed[];
  readonly annotations?: Readonly<Record<string, string>>;
}

const attested = ['--provenance', 'mode=max', '--sbom=true'];

/** Two images for two platforms under `app:amd64` and `app:arm64`, the first one with attestations. */
async function published({ host }: DebianRegistry): Promise<Rig> {
  const rig = await Rig.open({
    Dockerfile: 'FROM scratch\nARG TARGETARCH\nLABEL arch=$TARGETARCH\nCOPY Dockerfile /\n',
  });
  const build = (arch: string, ...more: string[]) =>
    rig.ok(['build', '--platform', `linux/${arch}`, '-t', `${host}/app:${arch}`, '--push', ...more, '.']);
  await build('amd64', ...attested);
  await build('arm64');
  return rig;
}

test('inspect shows an image, its parts, configs and what is said of it', async () => {
  await using registry = await startDebianRegistry();
  await using rig = await published(registry);
  const { host } = registry;
  const name = `${host}/app:amd64`;
  const ask = async (...args: string[]) => (await rig.ok(['imagetools', 'inspect', ...args])).stdout;
  const raw = await ask(name, '--raw');
  assert.equal(
    raw,
    execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`], { encoding: 'utf8' }),
  );
  const { manifests } = JSON.parse(raw) as Index;
  const digest = (await ask(name, '--format', '{{.Manifest.Digest}}')).trim();
  assert.equal(
    await ask(name),
    [
      `Name:      ${host}/app:amd64`,
      'MediaType: application/vnd.oci.image.index.v1+json',
      `Digest:    ${digest}`,
      '           ',
      'Manifests: ',
      `  Name:        ${host}/app@${manifests[0]!.digest}`,
      '  MediaType:   application/vnd.oci.image.manifest.v1+json',
      '  Platform:    linux/amd64',
      '               ',
      `  Name:        ${host}/app@${manifests[1]!.digest}`,
      '  MediaType:   application/vnd.oci.image.manifest.v1+json',
      '  Platform:    unknown/unknown',
      '  Annotations: ',
      `    vnd.docker.reference.digest: ${manifests[0]!.digest}`,
      '    vnd.docker.reference.type:   attestation-manifest',
      '',
    ].join('\n'),
  );
  assert.equal(await ask(name, '--format', '{{ .Manifest }}'), await ask(name));
  const json = async (template: string, of = name) =>
    JSON.parse(await ask(of, '--format', `{{json ${template}}}`)) as Record<string, never>;
  assert.deepEqual(Object.keys(await json('.Provenance')), ['SLSA']);
  assert.equal((await json('.SBOM.SPDX'))['spdxVersion'], 'SPDX-2.3');
  assert.equal((await json('.Image'))['architecture'], 'amd64');
  assert.deepEqual(Object.keys(await json('.Manifest')), ['schemaVersion', 'mediaType', 'digest', 'size', 'manifests']);
  assert.deepEqual(Object.keys(await json('.')), ['name', 'manifest', 'image']);
  assert.equal(
    await ask(
      name,
      '--format',
      '{{.Image.Config.Labels.arch}} {{range .Manifest.Manifests}}{{.Platform.Architecture}},{{end}}',
    ),
    'amd64 amd64,unknown,',
  );
  assert.deepEqual(await json('.Provenance', `${host}/app:arm64`), {});
  assert.match(await ask(`${host}/app:arm64`), /^Name: .*\nMediaType: .*manifest\.v1\+json\nDigest: .*\n$/);
  const missing = await rig.cli(['imagetools', 'inspect', `${host}/nothing`]);
  assert.deepEqual([missing.code, /nothing:latest does not exist/.test(missing.stderr)], [1, true]);
});

test('create makes one image of several, appends, annotates, and keeps what is said of them', async () => {
  await using registry = await startDebianRegistry();
  await using rig = await published(registry);
  const { host } = registry;
  const tools = (...args: string[]) => rig.ok(['imagetools', ...args]);
  const index = async (name: string) => JSON.parse((await tools('inspect', '--raw', name)).stdout) as Index;
  const one = `${host}/app:one`;
  const sources = [`${host}/app:amd64`, `${host}/app:arm64`];
  const dry = await tools('create', '--dry-run', ...sources);
  await tools('create', '-t', one, '-t', `${host}/app:other`, '--metadata-file', 'meta.json', ...sources);
  assert.equal(dry.stdout, `${(await tools('inspect', '--raw', one)).stdout}\n`);
  const { manifests, mediaType } = await index(one);
  assert.equal(mediaType, 'application/vnd.oci.image.index.v1+json');
  assert.deepEqual(
    manifests.map(({ platform }) => platform!.architecture),
    ['amd64', 'unknown', 'arm64'],
  );
  const meta = JSON.parse(readFileSync(rig.path('meta.json'), 'utf8')) as Record<string, unknown>;
  const digest = (await tools('inspect', one, '--format', '{{.Manifest.Digest}}')).stdout;
  assert.deepEqual(
    [meta['image.name'], (meta['containerimage.descriptor'] as { digest: string } | undefined)?.digest],
    [`${host}/app`, digest],
  );
  assert.equal((await tools('inspect', `${host}/app:other`, '--format', '{{.Manifest.Digest}}')).stdout, digest);
  const both = JSON.parse((await tools('inspect', one, '--format', '{{json .Provenance}}')).stdout) as object;
  assert.deepEqual(Object.keys(both), ['linux/amd64']);

  // Into another repository: layers are mounted there, by digest and with a descriptor of its own.
  const arm = manifests[2]!;
  await rig.write({
    'arm.json': JSON.stringify({ ...arm, size: 0, platform: { os: 'linux', architecture: 'arm64', variant: 'v9' } }),
  });
  const annotations = ['--annotation', 'index:a=b', '--annotation', 'manifest-descriptor[linux/amd64]:c=d'];
  await tools('create', '-t', `${host}/else:1`, sources[0]!, ...annotations);
  await tools('create', '-t', `${host}/app:two`, '-f', 'arm.json', `${manifests[0]!.digest}`);
  const two = await index(`${host}/app:two`);
  assert.deepEqual(
    two.manifests.map(({ platform }) => platform!.variant),
    ['v9', undefined],
  );
  const other = await index(`${host}/else:1`);
  assert.deepEqual([other.annotations, other.manifests[0]!.annotations], [{ a: 'b' }, { c: 'd' }]);
  execFileSync('skopeo', [
    'copy',
    '--all',
    '--src-tls-verify=false',
    `docker://${host}/else:1`,
    `dir:${rig.path('d')}`,
  ]);

  await tools('create', '-t', `${host}/else:1`, '--append', sources[1]!);
  assert.equal((await index(`${host}/else:1`)).manifests.length, 3);
  await tools('create', '-t', `${host}/app:arm-only`, '--platform', 'linux/arm64', one);
  assert.deepEqual((await index(`${host}/app:arm-only`)).manifests, [arm]);
  await tools('create', '-t', `${host}/app:copy`, '--prefer-index=false', sources[1]!);
  assert.equal((await tools('inspect', `${host}/app:copy`)).stdout.includes('Manifests'), false);

  for (const [args, message] of [
    [['create', sources[0]!], /can't push with no tags specified/],
    [['create', '-t', one], /no sources specified/],
    [['create', '--dry-run', `sha256:${'1'.repeat(64)}`], /no repositories specified/],
    [['create', '-t', one, '--annotation', 'manifest:a=b', sources[0]!], /"manifest" annotations are not supported/],
    [['create', '-t', one, '--annotation', 'layer:a=b', sources[0]!], /unknown annotation type "layer"/],
    [['create', '-t', one, '--platform', 'linux/s390x', one], /none of the manifests match/],
    [['inspect', one, '--tag', 'x'], /--tag goes with imagetools create/],
    [['inspct'], /did you mean cli imagetools inspect/],
  ] as const) {
    const { code, stderr } = await rig.cli(['imagetools', ...args]);
    assert.notEqual(code, 0, args.join(' '));
    assert.match(stderr, message);
  }
});

test('copy keeps digests and attestations, between registries, repositories and layouts', async () => {
  await using from = await startDebianRegistry();
  await using to = await startDebianRegistry();
  await using rig = await published(from);
  const digest = async (name: string) =>
    (await rig.ok(['imagetools', 'inspect', name, '--format', '{{.Manifest.Digest}}'])).stdout;
  const source = `${from.host}/app:amd64`;
  const wanted = await digest(source);
  const targets = [`${to.host}/team/app:1`, `${to.host}/team/app:2`, `${from.host}/moved`, 'oci-layout://kept:v1'];
  const { stdout } = await rig.ok(['imagetools', 'copy', source, ...targets]);
  assert.equal(stdout.trim(), wanted);
  for (const target of targets) {
    assert.equal(await digest(target), wanted, target);
    const provenance = await rig.ok(['imagetools', 'inspect', target, '--format', '{{json .Provenance.SLSA}}']);
    assert.match(provenance.stdout, /"buildDefinition"/);
  }
  // From the layout on, with nobody but it.
  await rig.ok(['imagetools', 'copy', 'oci-layout://kept:v1', `${to.host}/again:1`]);
  assert.equal(await digest(`${to.host}/again:1`), wanted);
  execFileSync('skopeo', ['inspect', '--tls-verify=false', `docker://${to.host}/again:1`]);
});

test('a copy within a registry sends no layer', async () => {
  await using registry = await TestRegistry.open();
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  await rig.ok(['build', '-t', `${registry.host}/one:1`, '--push', ...attested, '.']);
  const before = registry.log.length;
  await rig.ok(['imagetools', 'copy', `${registry.host}/one:1`, `${registry.host}/two:1`]);
  const sent = registry.log.slice(before);
  assert.ok(
    sent.some((line) => /^POST .*mount=sha256/.test(line)),
    sent.join('\n'),
  );
  assert.deepEqual(
    sent.filter((line) => /^(PUT|PATCH) .*\/blobs\//.test(line)),
    [],
  );
});
