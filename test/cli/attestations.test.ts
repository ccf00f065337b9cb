import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startDebianRegistry } from '../rig/debian-registry.ts';
import { Rig } from '../rig/rig.ts';

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An image in a registry as others read it. */
async function published(host: string, repository: string) {
  const raw = (reference: string) =>
    execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${host}/${reference}`], {
      encoding: 'utf8',
    });
  const blob = async ({ digest }: Descriptor) =>
    (await fetch(`http://${host}/v2/${repository}/blobs/${digest}`)).json();
  const index = JSON.parse(raw(`${repository}:1`)) as { readonly manifests: readonly Descriptor[] };
  const [image, about] = index.manifests;
  const { layers } = JSON.parse(raw(`${repository}@${about!.digest}`)) as { readonly layers: readonly Descriptor[] };
  const statements = (await Promise.all(layers.map(blob))) as {
    readonly predicateType: string;
    readonly subject: readonly { readonly name: string; readonly digest: Readonly<Record<string, string>> }[];
    readonly predicate: Readonly<Record<string, unknown>>;
  }[];
  return { image: image!, about: about!, statements };
}

const app = {
  Dockerfile: 'FROM busybox\nARG TOKEN_URL\nCOPY app /app\n',
  'app/node_modules/left-pad/package.json': '{"name":"left-pad","version":"1.3.0","license":"WTFPL"}',
};

test('a pushed image brings its provenance and SBOM along, and stays an image for others', async () => {
  await using registry = await startDebianRegistry();
  await using rig = await Rig.open(app);
  const name = `${registry.host}/team/app:1`;
  const args = ['--build-arg', 'TOKEN_URL=https://me:secret@example.com/', '--provenance', 'mode=max', '--sbom=true'];
  await rig.ok(['build', ...rig.busybox, ...args, '-t', name, '--push', '--metadata-file', 'meta.json', '.']);
  const { image, about, statements } = await published(registry.host, 'team/app');
  assert.equal(about.annotations!['vnd.docker.reference.digest'], image.digest);
  assert.deepEqual(
    statements.map(({ predicateType }) => predicateType),
    ['https://spdx.dev/Document', 'https://slsa.dev/provenance/v1'],
  );
  const encoded = registry.host.replace(':', '%3A');
  for (const { subject } of statements) {
    const { architecture } = image.platform!;
    assert.deepEqual(subject, [
      {
        name: `pkg:docker/${encoded}/team/app@1?platform=linux%2F${architecture}`,
        digest: { sha256: image.digest.slice('sha256:'.length) },
      },
    ]);
  }
  const [spdx, slsa] = statements.map(({ predicate }) => predicate) as [
    { packages: { name: string }[] },
    { buildDefinition: { externalParameters: { request: { args: Record<string, string> } } } },
  ];
  assert.deepEqual(
    spdx.packages.map((each) => each.name),
    ['image', 'left-pad'],
  );
  const { args: told } = slsa.buildDefinition.externalParameters.request;
  assert.equal(told['build-arg:TOKEN_URL'], 'https://xxxxx:xxxxx@example.com/');
  assert.doesNotMatch(JSON.stringify(statements[1]), /secret@/);

  const copied = `dir:${rig.path('copy')}`;
  execFileSync('skopeo', ['copy', '--all', '--src-tls-verify=false', `docker://${name}`, copied]);
  execFileSync('skopeo', ['inspect', '--tls-verify=false', `docker://${name}`]);

  // What is built from it takes the image and leaves the rest.
  await rig.write({ next: { Dockerfile: `FROM ${name}\nRUN test -e /app/node_modules/left-pad/package.json\n` } });
  const other = { MONOKIT_CACHE_DIR: rig.path('other-cache') };
  const meta = (file: string) => JSON.parse(readFileSync(rig.path(file), 'utf8')) as Record<string, unknown>;
  await rig.ok(['build', '--metadata-file', 'next.json', './next'], { env: other });
  const provenance = meta('next.json')['buildx.build.provenance'] as {
    readonly materials: readonly { readonly uri: string; readonly digest: unknown }[];
  };
  const { descriptor, digest } = {
    descriptor: meta('meta.json')['containerimage.descriptor'] as Descriptor,
    digest: meta('meta.json')['containerimage.digest'],
  };
  assert.deepEqual([descriptor.digest, descriptor.mediaType], [digest, 'application/vnd.oci.image.index.v1+json']);
  assert.equal(provenance.materials.length, 1);
  assert.match(provenance.materials[0]!.uri, new RegExp(`^pkg:docker/${encoded}/team/app@1\\?platform=`));
});

test('a generator scans the image, the context and the stages that ask for it', async () => {
  await using registry = await startDebianRegistry();
  const scan = `#!/bin/sh
set -e
one() {
  printf '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","subject":null,"predicate":{"name":"%s","listed":"%s","depth":"%s","files":[{"fileName":"/app"}]}}' \\
    "$1" "$(ls "$2" | tr '\\n' ' ')" "$BUILDKIT_SCAN_DEPTH" >"$BUILDKIT_SCAN_DESTINATION/$1.spdx.json"
}
touch /tmp/may-write
one "$(basename "$BUILDKIT_SCAN_SOURCE")" "$BUILDKIT_SCAN_SOURCE"
for extra in "$BUILDKIT_SCAN_SOURCE_EXTRAS"/*; do one "$(basename "$extra")" "$extra"; done
`;
  await using rig = await Rig.open({
    scanner: { Dockerfile: 'FROM busybox\nCOPY --chmod=755 scan /scan\nENTRYPOINT ["/scan"]\n', scan },
    app: {
      Dockerfile: [
        'FROM scratch AS tools',
        'ARG BUILDKIT_SBOM_SCAN_STAGE=true',
        'COPY tool /tool',
        'FROM scratch',
        'ARG BUILDKIT_SBOM_SCAN_CONTEXT=true',
        'COPY --from=tools /tool /app',
        '',
      ].join('\n'),
      tool: 'x',
      beside: 'x',
    },
  });
  const generator = `${registry.host}/scanner:1`;
  await rig.ok(['build', ...rig.busybox, '-t', generator, '--push', './scanner']);
  const args = ['--attest', `type=sbom,generator=${generator},DEPTH=2`];
  const { stderr } = await rig.ok(['build', '--progress', 'plain', ...args, '-o', 'out', './app']);
  assert.match(stderr, /generating sbom using .*\/scanner:1@sha256:/);
  const predicate = (name: string) =>
    (JSON.parse(readFileSync(rig.path(`out/${name}.spdx.json`), 'utf8')) as { predicate: unknown }).predicate;
  const files = [{ fileName: '/app' }];
  assert.deepEqual(predicate('sbom'), { name: 'sbom', listed: 'app ', depth: '2', files });
  assert.deepEqual(predicate('sbom-tools'), { name: 'sbom-tools', listed: 'tool ', depth: '2', files });
  const { listed } = predicate('sbom-context') as { listed: string };
  assert.match(listed, /tool/);
  // Of an image, files are told with their layers.
  await rig.ok(['build', ...args, '-t', `${registry.host}/app:1`, '--push', './app']);
  const format = ['--format', '{{range .SBOM.SPDX.files}}{{.comment}}{{end}}'];
  const told = await rig.ok(['imagetools', 'inspect', `${registry.host}/app:1`, ...format]);
  assert.match(told.stdout, /^layerID: sha256:[0-9a-f]{64}$/);
});

test('the config asks for attestations, --set and flags go before it, and the repository is told', async () => {
  await using rig = await Rig.open({
    'buildkit.config.ts':
      "export default { defaults: { attest: ['type=provenance,mode=min', 'type=sbom'] }, images: { app: { output: 'type=local,dest=out' } } };\n",
    Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n',
  });
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd: rig.dir, encoding: 'utf8' });
  git('init', '-q');
  git('remote', 'add', 'origin', 'https://me:secret@github.com/org/repo.git');
  git('add', '.');
  git('commit', '-qm', 'x');
  const vcs = () => {
    const { predicate } = JSON.parse(readFileSync(rig.path('out/provenance.json'), 'utf8')) as {
      predicate: { runDetails: { metadata: { buildkit_metadata: { vcs?: Record<string, string> } } } };
    };
    return predicate.runDetails.metadata.buildkit_metadata.vcs;
  };
  await rig.ok(['build', 'app']);
  readFileSync(rig.path('out/sbom.spdx.json'));
  const revision = git('rev-parse', 'HEAD').trim();
  const folders = { 'localdir:context': '.', 'localdir:dockerfile': '.' };
  assert.deepEqual(vcs(), { ...folders, revision, source: 'https://github.com/org/repo.git' });
  await rig.ok(['build', 'app'], { env: { BUILDX_GIT_CHECK_DIRTY: 'true' } });
  assert.equal(vcs()!['revision'], `${revision}-dirty`);
  await rig.ok(['build', 'app'], { env: { BUILDX_GIT_INFO: 'false' } });
  assert.equal(vcs(), undefined);
  const printed = await rig.ok(['print', 'app', '--sbom=false', '--set', 'app.attest=type=provenance,mode=max']);
  const { target } = JSON.parse(printed.stdout) as { target: { app: { attest: unknown } } };
  assert.deepEqual(target.app.attest, [
    { mode: 'max', type: 'provenance' },
    { disabled: true, type: 'sbom' },
  ]);
  const { code, stderr } = await rig.cli(['build', 'app', '--sbom', 'yes']);
  assert.deepEqual([code, /--sbom takes true, false or attributes/.test(stderr)], [2, true]);
});
