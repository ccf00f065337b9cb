// Differences between builds that were really made, with real containers, registries and layouts.

import assert from 'node:assert/strict';
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { TestRegistry } from '../rig/registry.ts';
import { Rig } from '../rig/rig.ts';
import { atTerminal } from '../rig/terminal.ts';

const files = {
  'buildkit.config.ts': `export default { images: { api: { context: 'api' }, web: { context: 'web' } } };`,
  api: {
    Dockerfile: `
FROM busybox
ARG V=1
ENV V=$V
WORKDIR /app
COPY src ./src
RUN cat src/* > /bundle && [ $V = 1 ] || rm /bin/vi
`,
    src: { 'one.txt': 'one', 'two.txt': 'two' },
  },
  web: { Dockerfile: 'FROM busybox\nCOPY page /page\n', page: 'hello' },
};

/** Two builds of the images, the second one with changes. */
async function twice(): Promise<Rig> {
  const rig = await Rig.open(files);
  await rig.ok(['build', 'all', ...rig.busybox]);
  await rig.write({ api: { src: { 'three.txt': 'three!' } } });
  rmSync(rig.path('api/src/one.txt'));
  chmodSync(rig.path('api/src/two.txt'), 0o755);
  await rig.ok(['build', 'all', '--build-arg', 'V=2', ...rig.busybox]);
  return rig;
}

test('an image alone is compared with the build before: files, layers with their instructions, settings', async () => {
  await using rig = await twice();
  const { stdout } = await rig.ok(['diff', 'api']);
  const [, ...lines] = stdout.split('\n');
  assert.deepEqual(
    lines.slice(1).filter((line) => /^ {2}[-+~=] /.test(line)),
    [
      '  = 2 layers the same   2.0 MiB',
      lines.find((line) => /^ {2}~ COPY src \.\/src {3}api\/Dockerfile:6 {3}.* {3}\+1 -1 ~1 files$/.test(line)),
      lines.find((line) =>
        /^ {2}~ RUN cat src\/\* > \/bundle .* {3}api\/Dockerfile:7 {3}.* {3}-1 ~1 files$/.test(line),
      ),
      '  - app/src/one.txt   3 B',
      '  + app/src/three.txt   6 B',
      '  ~ app/src/two.txt   mode 0644 → 0755',
      '  - bin/vi   → busybox',
      '  ~ bundle   6 B → 9 B, +3 B',
      '  ~ Env.V   1 → 2',
    ],
    stdout,
  );
});

test('paths, --stat and --exit-code narrow what is told', async () => {
  await using rig = await twice();
  const { stdout } = await rig.ok(['diff', 'api', '--', 'app']);
  assert.match(stdout, /three\.txt/);
  assert.doesNotMatch(stdout, /bin\/vi/);
  assert.doesNotMatch((await rig.ok(['diff', 'api', '--stat'])).stdout, /Files/);
  const other = await rig.cli(['diff', 'api', '--exit-code']);
  assert.deepEqual([other.code, other.stderr], [1, 'exit 1: something differs\n']);
  assert.equal((await rig.cli(['diff', 'api', '--exit-code', '--', 'etc'])).code, 0);
  assert.equal((await rig.cli(['diff', 'web@-2', 'web', '--exit-code'])).code, 0);
  assert.match((await rig.ok(['diff', 'web@-2', 'web'])).stdout, /no file and no setting differs/);
});

test('two runs compare all images that both built', async () => {
  await using rig = await twice();
  const told = JSON.parse((await rig.ok(['diff', '-2', '-1', '--json'])).stdout) as {
    readonly images: readonly { readonly image: string; readonly same: boolean; readonly files?: readonly unknown[] }[];
  };
  assert.deepEqual(
    told.images.map(({ image, same }) => [image, same]),
    [
      ['api', false],
      ['web', true],
    ],
  );
  assert.equal(told.images[0]!.files?.length, 5);
});

test('an image in a registry, one in a layout, one in the store by name and by digest are all the same image', async () => {
  await using registry = await TestRegistry.open();
  await using rig = await Rig.open(files);
  const name = `${registry.host}/api:1`;
  const build = (...more: readonly string[]) => rig.ok(['build', ...rig.busybox, ...more, './api']);
  await build('-t', name, '--push');
  await build('-o', 'type=oci,dest=api.tar');
  await build('-o', 'type=oci,tar=false,dest=layout');
  const { stdout } = await rig.ok(['build', '-q', ...rig.busybox, '-t', name, './api']);
  const digest = /sha256:[0-9a-f]{64}/.exec(stdout)![0];
  for (const other of [`docker-image://${name}`, './api.tar', 'oci-layout://layout', digest]) {
    const { code, stdout } = await rig.cli(['diff', other, name, '--exit-code']);
    assert.equal(code, 0, `${other}: ${stdout}`);
  }
  await rig.write({ api: { src: { 'one.txt': 'changed' } } });
  await build('-t', 'other:1');
  const changed = await rig.cli(['diff', `docker-image://${name}`, 'other:1', '--exit-code']);
  assert.equal(changed.code, 1);
  assert.match(changed.stdout, /~ app\/src\/one\.txt {3}3 B → 7 B, \+4 B/);
});

test('builds that a prune took are told as such, and so are words that mean nothing', async () => {
  await using rig = await twice();
  await rig.ok(['prune', '--all']);
  const gone = await rig.cli(['diff', 'api']);
  assert.equal(gone.code, 2);
  assert.match(gone.stderr, /not in the cache any more/);
  const unknown = await rig.cli(['diff', 'aip']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /did you mean cli diff api\?/);
});

test('what can be compared with nothing is told apart from what differs, with what may be meant', async () => {
  await using rig = await Rig.open({
    'buildkit.config.ts': `export default { images: { api: { context: 'api' }, web: { context: 'web' } } };`,
    api: { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' },
    web: { Dockerfile: 'FROM scratch\nCOPY none /\n' },
    'layout.tar': 'no archive',
    layout: {},
  });
  await rig.ok(['build', 'api']);
  for (const [args, text] of [
    [
      ['api', 'web'],
      /^error: web has no good build here to compare\n {2}cli build web makes one; docker-image:\/\/web is/,
    ],
    [['apj'], /no build of "apj" here to compare\n {2}did you mean cli diff api\?/],
    [['./layuot.tar', 'api'], /^error: there is no .*\/layuot\.tar\n {2}did you mean .*\/layout\.tar\?/],
    [['./nothing/there', 'api'], /^error: there is no .*\/nothing\/there\n {2}cli build -o type=oci,dest=FILE /],
    [['./layout.tar', 'api'], /is not an OCI image layout/],
    [['./layout', 'api'], /is not an OCI image layout/],
    [['sha256:12', 'api'], /^error: sha256:12 is not a digest\n/],
    [['localhost:1/api:1', 'api'], /^error: [^]*localhost:1[^]*exit 2: they could not be compared\n$/],
    [['api', 'api', '--platform', 'a/b/c/d'], /^error: .*a\/b\/c\/d/],
  ] as const) {
    const { code, stdout, stderr } = await rig.cli(['diff', ...args, '--exit-code']);
    assert.deepEqual([code, stdout], [2, ''], `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, text);
    assert.doesNotMatch(stderr, /our mistake/);
  }
});

test('names that would move the cursor are printed without doing so', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nARG N\nRUN touch "/$(printf "$N")"\n' });
  await rig.ok(['build', ...rig.busybox, '-t', 'a:1', '.']);
  await rig.ok(['build', ...rig.busybox, '-t', 'a:2', '--build-arg', 'N=\\033[2Jx\\ny', '.']);
  const { stdout } = await rig.ok(['diff', 'a:1', 'a:2']);
  assert.ok(stdout.includes('+ \\u{1b}[2Jx\\u{a}y'), JSON.stringify(stdout));
  assert.ok(!stdout.includes('\u001b'));
});

test('a watch tells after each rebuild what differs, shows it all at d, and enters what failed at e', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({
      discover: true,
      defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` } },
    }),
    api: {
      Dockerfile: 'FROM busybox\nCOPY src /src\nRUN [ ! -e /src/broken ] || exit 3\n',
      src: { a: 'other', b: 'b' },
    },
  });
  using terminal = atTerminal(rig, ['watch', 'api'], { rows: 30, cols: 120 });
  await terminal.read(/watching .* 1 image/);
  await terminal.read(/last /);
  // Two changes at one time, which no burst can come between.
  renameSync(rig.path('api/src/a'), rig.path('api/src/b'));
  await terminal.read(/api {2}-1 ~1 files, -1 B in COPY src \/src/);
  terminal.write('d');
  await terminal.read(/- src\/a {3}5 B/);
  await rig.write({ api: { src: { broken: '' } } });
  await terminal.read(/debug: +cli shell \S+/);
  await terminal.read(/last .*api/);
  terminal.write('e');
  await terminal.read(/\/ # /);
  terminal.write('ls /src\r');
  await terminal.read(/broken/);
  terminal.write('exit\r');
  await terminal.read(/last /);
  terminal.write('q');
  assert.equal(await terminal.done, 1);
});
