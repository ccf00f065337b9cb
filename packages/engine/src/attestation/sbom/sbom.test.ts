import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import * as llb from '../../llb/llb.ts';
import { digestOf } from '../../oci/digest.ts';
import { makeTempFolder } from '../../std/temp.ts';
import { readApk } from './apk.ts';
import { readBundle } from './bundle.ts';
import { readDpkg } from './dpkg.ts';
import { findFileLayersHere, uncommentedFiles, withFileLayers } from './file-layers.ts';
import type { FoundPackage } from './found-package.ts';
import { readPackageJson, readPackageLock } from './npm.ts';
import { readOsRelease, scanTreeHere } from './scan-tree.ts';
import { scanDefinition } from './scanner.ts';
import { checkSpdx } from './spdx-rules.fixture.ts';
import { purlOf, sbom, spdxDocument } from './spdx.ts';

const context = { check: () => {} } as Parameters<typeof scanTreeHere>[1];

function treeOf(files: Readonly<Record<string, string>>) {
  const folder = makeTempFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), content);
  }
  return folder;
}

const nameOf = ({ name, version }: FoundPackage) => `${name} ${version}`;

const dpkgStatus = `Package: libc6
Status: install ok installed
Priority: optional
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Source: glibc
Version: 2.36-9+deb12u4
Description: GNU C Library: Shared libraries
 Contains the standard libraries.
 .
 Package: not-a-field
Homepage: https://www.gnu.org/software/libc/libc.html

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: held
Status: hold ok installed
Architecture: all
Version: 1:2.0~rc1
Source: other (1.9)

Package: half
Status: install ok half-configured
Version: 3
`;

test('dpkg: what is installed, with its source package', () => {
  assert.deepEqual(readDpkg(dpkgStatus, '/status'), [
    {
      type: 'deb',
      name: 'libc6',
      version: '2.36-9+deb12u4',
      architecture: 'amd64',
      origin: { name: 'glibc' },
      maintainer: 'GNU Libc Maintainers <debian-glibc@lists.debian.org>',
      homepage: 'https://www.gnu.org/software/libc/libc.html',
      foundIn: '/status',
    },
    {
      type: 'deb',
      name: 'held',
      version: '1:2.0~rc1',
      architecture: 'all',
      origin: { name: 'other', version: '1.9' },
      foundIn: '/status',
    },
  ]);
});

test('apk: the first field of a letter counts, whatever the files below say', () => {
  const text =
    'C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\nm:Timo <t@a.org>\nU:https://musl.libc.org/\nF:lib\nR:ld.so\na:0:0:755\n\nP:musl-utils\nV:1.2.5-r0\no:musl\nL:MIT AND BSD-2-Clause\n\n';
  assert.deepEqual(readApk(text, '/installed'), [
    {
      type: 'apk',
      name: 'musl',
      version: '1.2.5-r0',
      architecture: 'x86_64',
      license: 'MIT',
      maintainer: 'Timo <t@a.org>',
      homepage: 'https://musl.libc.org/',
      foundIn: '/installed',
    },
    {
      type: 'apk',
      name: 'musl-utils',
      version: '1.2.5-r0',
      license: 'MIT AND BSD-2-Clause',
      origin: { name: 'musl' },
      foundIn: '/installed',
    },
  ]);
});

test('npm: packages and lock files of all versions, and what only looks like one', () => {
  const one = { name: '@a/b', version: '1.2.3', license: { type: 'MIT' }, author: { name: 'Me', email: 'me@x' } };
  assert.deepEqual(readPackageJson(JSON.stringify(one), '/p'), {
    type: 'npm',
    name: '@a/b',
    version: '1.2.3',
    license: 'MIT',
    maintainer: 'Me <me@x>',
    foundIn: '/p',
  });
  for (const text of ['{', '[]', '{"name":"x"}', '{"name":"../x","version":"1.0.0"}', '{"name":"x","version":"*"}'])
    assert.equal(readPackageJson(text, '/p'), undefined);
  const old = { license: undefined, licenses: [{ type: 'MIT' }, { type: 'Apache-2.0' }], name: 'c', version: '1.0.0' };
  assert.equal(readPackageJson(JSON.stringify(old), '/p')!.license, '(MIT OR Apache-2.0)');
  const v3 = {
    lockfileVersion: 3,
    packages: {
      '': { name: 'app', version: '0.0.0' },
      'packages/own': { version: '1.0.0' },
      'node_modules/own': { link: true, resolved: 'packages/own' },
      'node_modules/@a/b': { version: '1.2.3', license: 'MIT' },
      'node_modules/@a/b/node_modules/c': { version: '2.0.0' },
      'node_modules/alias': { name: 'real', version: '3.0.0' },
    },
  };
  assert.deepEqual(readPackageLock(JSON.stringify(v3), '/l').map(nameOf), ['@a/b 1.2.3', 'c 2.0.0', 'real 3.0.0']);
  const v1 = { dependencies: { a: { version: '1.0.0', dependencies: { b: { version: '2.0.0' } } } } };
  assert.deepEqual(readPackageLock(JSON.stringify(v1), '/l').map(nameOf), ['a 1.0.0', 'b 2.0.0']);
  assert.deepEqual(readPackageLock('null', '/l'), []);
});

test('a tree is read by its own databases, wherever its links lead to inside of it', async () => {
  await using tree = treeOf({
    'var/lib/dpkg/status.d/base-files': 'Package: base-files\nVersion: 12\nArchitecture: amd64\n',
    'var/lib/dpkg/status.d/base-files.md5sums': 'Package: no\nVersion: 1\n',
    'usr/lib/apk/db/installed': 'P:musl\nV:1\n\n',
    'usr/lib/os-release': 'PRETTY_NAME="Wolfi \\"x\\""\nID=wolfi\nVERSION_ID=\'20230201\'\n',
    'usr/local/lib/node_modules/npm/package.json': '{"name":"npm","version":"10.0.0"}',
    'usr/local/lib/node_modules/npm/test/package.json': '{"name":"no-package","version":"1.0.0"}',
    'app/node_modules/@x/y/package.json': '{"name":"@x/y","version":"1.0.0"}',
    'app/node_modules/@x/y/node_modules/npm/package.json': '{"name":"npm","version":"10.0.0"}',
    'app/package-lock.json': '{"packages":{"node_modules/not-installed":{"version":"1.0.0"}}}',
    'other/package-lock.json': '{"packages":{"node_modules/locked":{"version":"1.0.0"}}}',
    'proc/1/node_modules/z/package.json': '{"name":"z","version":"1.0.0"}',
  });
  symlinkSync('usr/lib', join(tree.path, 'lib'));
  mkdirSync(join(tree.path, 'etc'));
  symlinkSync('/usr/lib/os-release', join(tree.path, 'etc/os-release'));
  symlinkSync('/', join(tree.path, 'app/loop'));
  const { packages, distribution } = scanTreeHere(tree.path, context);
  assert.deepEqual(packages.map(nameOf), ['musl 1', 'base-files 12', '@x/y 1.0.0', 'locked 1.0.0', 'npm 10.0.0']);
  assert.equal(packages.at(-1)!.foundIn, '/app/node_modules/@x/y/node_modules/npm/package.json');
  assert.deepEqual(distribution, { id: 'wolfi', version: '20230201', prettyName: 'Wolfi "x"' });
});

test('nothing outside of a tree is read, and no file that no database is', async () => {
  await using outside = treeOf({
    status: 'Package: outside\nVersion: 1\n',
    'm/package.json': '{"name":"m","version":"1.0.0"}',
  });
  await using tree = treeOf({ 'var/lib/dpkg/x': '', 'app/node_modules/x': '', 'lib/apk/db/installed': '' });
  symlinkSync(join(outside.path, 'status'), join(tree.path, 'var/lib/dpkg/status'));
  symlinkSync('../../../../../../../../../../../../../etc', join(tree.path, 'var/lib/dpkg/status.d'));
  symlinkSync(join(outside.path, 'm'), join(tree.path, 'app/node_modules/m'));
  symlinkSync(outside.path, join(tree.path, 'app/node_modules/all'));
  assert.deepEqual(scanTreeHere(tree.path, context).packages, []);
  truncateSync(join(tree.path, 'lib/apk/db/installed'), (64 << 20) + 1);
  assert.throws(() => scanTreeHere(tree.path, context), /\/lib\/apk\/db\/installed has 67108865 bytes/);
});

test('os-release is read as a shell would', () => {
  assert.deepEqual(readOsRelease('# x\nID="debian"\nVERSION_ID="12"\n'), { id: 'debian', version: '12' });
  assert.equal(readOsRelease('NAME=x\n'), undefined);
});

test('package URLs tell the distribution, the architecture and the source', () => {
  const [libc] = readDpkg(dpkgStatus, '/s');
  const debian = { id: 'debian', version: '12' };
  assert.equal(
    purlOf(libc!, debian),
    'pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12&upstream=glibc'.replace('%2B', '+'),
  );
  const npm = { type: 'npm', name: '@a/b', version: '1.0.0', foundIn: '/' } as const;
  assert.equal(purlOf(npm, debian), 'pkg:npm/%40a/b@1.0.0');
  assert.equal(purlOf({ ...npm, type: 'apk', name: 'x' }), 'pkg:apk/alpine/x@1.0.0');
});

const found: readonly FoundPackage[] = [
  ...readDpkg(dpkgStatus, '/var/lib/dpkg/status'),
  { type: 'apk', name: 'musl', version: '1', license: 'MIT AND BSD-2-Clause', foundIn: '/lib/apk/db/installed' },
  { type: 'npm', name: '@a/b', version: '1.0.0', license: 'SEE LICENSE IN ./x y', foundIn: '/a' },
  { type: 'npm', name: '@a/c', version: '1.0.0', license: 'SEE LICENSE IN x y', maintainer: '<a@b>', foundIn: '/a' },
  { type: 'npm', name: 'a-b', version: '1.0.0', license: 'UNLICENSED', homepage: 'no url', foundIn: '/a' },
];

test('the document is SPDX 2.3 by its schema', () => {
  const distribution = { id: 'debian', version: '12', prettyName: 'Debian 12' };
  for (const scanned of [{ packages: found, distribution }, { packages: [] }]) {
    for (const result of [{}, { digest: digestOf('x'), created: 1_700_000_000 }]) {
      checkSpdx(JSON.parse(JSON.stringify(spdxDocument(scanned, 'sbom', result))));
    }
  }
  const document = spdxDocument({ packages: found }, 'sbom-base', {}) as { name: string; packages: { name: string }[] };
  assert.equal(document.name, 'sbom-base');
  assert.deepEqual(
    document.packages.map(({ name }) => name),
    ['base', 'libc6', 'held', 'musl', '@a/b', '@a/c', 'a-b'],
  );
});

test('the document depends on the packages and the result alone, and its namespace on all of it', () => {
  const of = (packages: readonly FoundPackage[], result = {}) =>
    spdxDocument({ packages }, 'sbom', result) as { documentNamespace: string };
  assert.deepEqual(of(found), of(found));
  const namespaces = [of(found), of(found.slice(1)), of(found, { digest: digestOf('x') })];
  assert.equal(new Set(namespaces.map(({ documentNamespace }) => documentNamespace)).size, 3);
  const { predicateType, filename } = sbom({ packages: found }, 'sbom');
  assert.deepEqual([predicateType, filename], ['https://spdx.dev/Document', 'sbom.spdx.json']);
});

test('the rules that documents are held to find what is wrong', () => {
  const good = JSON.parse(JSON.stringify(spdxDocument({ packages: found }, 'sbom', {})));
  const wrong: Readonly<Record<string, (document: typeof good) => void>> = {
    version: (document) => (document.spdxVersion = 'SPDX-2'),
    time: (document) => (document.creationInfo.created = '1970-01-01T00:00:00.000Z'),
    namespace: (document) => (document.documentNamespace += '#x'),
    twice: (document) => (document.packages[2].SPDXID = document.packages[1].SPDXID),
    id: (document) => (document.packages[1].SPDXID = 'SPDXRef-a_b'),
    license: (document) => (document.packages[1].licenseDeclared = 'No Such'),
    reference: (document) => (document.packages[1].licenseDeclared = 'LicenseRef-none'),
    relation: (document) => (document.relationships[1].relatedSpdxElement = 'SPDXRef-none'),
    member: (document) => (document.packages[1].vendor = 'x'),
    supplier: (document) => (document.packages[1].supplier = 'Me'),
  };
  for (const [name, spoil] of Object.entries(wrong)) {
    const document = structuredClone(good);
    spoil(document);
    assert.throws(() => checkSpdx(document), Error, name);
  }
});

test('a generator is run by BuildKit’s protocol', async () => {
  const platform = { os: 'linux', architecture: 'amd64' };
  const config = {
    os: 'linux',
    architecture: 'amd64',
    config: { Entrypoint: ['/scan'], Env: ['A=b'], WorkingDir: '/w' },
  };
  const core = await llb.image('docker.io/library/app').marshal({ platform });
  const base = await llb.image('docker.io/library/base').marshal({ platform });
  const scanner = { generator: 'docker.io/x/scanner:1', config, platform, parameters: { DEPTH: '2' } };
  const run = async (extras: ReadonlyMap<string, typeof core>) => {
    const definition = await scanDefinition(scanner, { core, extras }, 'linux/amd64');
    const ops = [...llb.loadDefinition(definition)!.vertices.values()];
    const exec = ops.find(({ op }) => op.kind === 'exec')!;
    assert.ok(exec.op.kind === 'exec');
    return { op: exec.op, name: exec.name, images: ops.length - 1 };
  };
  const { op, name, images } = await run(new Map([['base', base]]));
  assert.equal(name, '[linux/amd64] generating sbom using docker.io/x/scanner:1');
  assert.equal(images, 3);
  assert.deepEqual([op.meta.args, op.meta.cwd], [['/scan'], '/w']);
  for (const line of [
    'A=b',
    'BUILDKIT_SCAN_DESTINATION=/run/out/',
    'BUILDKIT_SCAN_SOURCE=/run/src/core/sbom',
    'BUILDKIT_SCAN_SOURCE_EXTRAS=/run/src/extras',
    'BUILDKIT_SCAN_DEPTH=2',
  ])
    assert.ok(op.meta.env.includes(line), `${line} in ${op.meta.env.join(' ')}`);
  assert.deepEqual(op.mounts.map(({ dest, readonly, kind }) => `${dest} ${kind}${readonly ? ' ro' : ''}`).sort(), [
    '/ bind',
    '/run/out bind',
    '/run/src/core/sbom bind ro',
    '/run/src/extras/sbom-base bind ro',
    '/tmp tmpfs',
  ]);
  const alone = await run(new Map());
  assert.ok(!alone.op.meta.env.some((line) => line.startsWith('BUILDKIT_SCAN_SOURCE_EXTRAS')));
  await assert.rejects(
    scanDefinition({ ...scanner, config: { ...config, config: {} } }, { core, extras: new Map() }, 'x'),
    /neither an entrypoint nor a command/,
  );
});

test('files that a generator found are told with the layer that has them', async () => {
  await using base = treeOf({ 'bin/sh': 'base', 'etc/a': 'base', 'etc/gone': 'base' });
  await using top = treeOf({ 'etc/a': 'top', app: 'top' });
  const names = ['/bin/sh', './etc/a', 'app', '/etc/none', '../../bin/sh'];
  const found = findFileLayersHere({ folders: [top.path, base.path], files: names }, context);
  assert.deepEqual(found, [0, 1, 1, undefined, 0]);
  const files = [{ fileName: '/bin/sh' }, { fileName: 'app', comment: 'mine' }, { fileName: './etc/a' }];
  const document = { creationInfo: { creators: ['Tool: x'] }, files };
  const bundled = { ...sbom({ packages: [] }, 'sbom'), predicate: () => document };
  assert.deepEqual(uncommentedFiles(bundled), ['/bin/sh', './etc/a']);
  const told = withFileLayers(bundled, {
    layers: new Map([
      ['/bin/sh', 0],
      ['./etc/a', 1],
      ['app', 1],
    ]),
    count: 2,
  });
  const layers = ['x', 'y'].map((text) => ({ mediaType: 'l', digest: digestOf(text), size: 1 }));
  const { files: shown, creationInfo } = told.predicate({ layers }) as typeof document;
  assert.deepEqual(shown, [
    { fileName: '/bin/sh', comment: `layerID: ${digestOf('x')}` },
    files[1],
    { fileName: './etc/a', comment: `layerID: ${digestOf('y')}` },
  ]);
  assert.deepEqual(creationInfo.creators, ['Tool: x', 'Tool: monokit-0.1.0']);
  // Without layers, or with others than those that were searched, nothing is said.
  assert.equal(told.predicate({ layers: [] }), document);
});

test('what a generator wrote are statements, the result’s first', async () => {
  const statement = (more: object) =>
    JSON.stringify({ predicateType: 'https://spdx.dev/Document', subject: null, predicate: { a: 1 }, ...more });
  await using folder = treeOf({
    'a.spdx.json': statement({ subject: [{ name: 'x', digest: { sha256: 'aa' } }] }),
    'sbom.spdx.json': statement({}),
  });
  const [core, extra] = readBundle(folder.path);
  assert.deepEqual([core!.filename, extra!.filename], ['sbom.spdx.json', 'a.spdx.json']);
  assert.deepEqual([core!.subjects, extra!.subjects], [undefined, [{ name: 'x', digest: { sha256: 'aa' } }]]);
  assert.deepEqual(core!.predicate({ layers: [] }), { a: 1 });
  for (const [text, message] of [
    ['{', /is not JSON/],
    [statement({ predicateType: 'https://slsa.dev/provenance/v1' }), /required predicate type/],
    [statement({ subject: [{}] }), /subject without name/],
  ] as const) {
    await using bad = treeOf({ 'sbom.spdx.json': text });
    assert.throws(() => readBundle(bad.path), message);
  }
  await using linked = treeOf({});
  symlinkSync('/etc/passwd', join(linked.path, 'sbom.spdx.json'));
  assert.throws(() => readBundle(linked.path), /not a regular file/);
});
