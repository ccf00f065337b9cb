import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { chrooted } from '../rig/chrooted.ts';
import { bin } from '../rig/rig.ts';
import { writeTree, type Tree } from '../rig/tree.ts';

/** Who builds, where and when. */
interface Place {
  readonly folder: string;
  readonly umask: string;
  readonly uid: number;
  /** As faketime(1) takes it; the machine's own clock where left out. */
  readonly clock?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const places: readonly [Place, Place] = [
  { folder: 'home/one/src', umask: '022', uid: 0 },
  {
    folder: 'srv/ci/builds/42',
    umask: '077',
    uid: 1234,
    clock: '2031-05-06 07:08:09',
    env: { TZ: 'Asia/Tokyo', LANG: 'C', USER: 'ci' },
  },
];

/** One commit, cloned into a root of its own for each place and built there. */
class Commit implements Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), 'monokit-commit-'));

  constructor(files: Tree) {
    chmodSync(this.#root, 0o755);
    const origin = join(this.#root, 'origin');
    mkdirSync(origin);
    writeTree(origin, files);
    chmodSync(join(origin, 'app/run.sh'), 0o755);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: origin });
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'all of it');
    // Everybody may clone from a file.
    git('bundle', 'create', '-q', join(this.#root, 'origin.bundle'), '--all');
  }

  /** Clones and builds, and gives the digest of what came out; `asUser` builds as that user, in a user namespace. */
  build(place: Place, args: readonly string[], { asUser }: { readonly asUser: boolean }) {
    const { folder, umask, uid, clock, env } = place;
    const home = join(this.#root, `home-${uid}`);
    const clone = join(this.#root, folder);
    for (const path of [home, clone]) {
      mkdirSync(path, { recursive: true });
      chownSync(path, uid, uid);
    }
    const meta = join(home, 'meta.json');
    const run = (words: readonly string[], as: readonly string[] = []) => {
      const timed = clock === undefined ? words : ['faketime', '-f', `@${clock}`, ...words];
      return execFileSync(
        'setpriv',
        [
          ...(uid === 0 ? [] : [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']),
          ...as,
          ...['--', 'sh', '-c', `umask ${umask}; cd "$0" && exec "$@"`, clone, ...timed],
        ],
        {
          env: {
            ...process.env,
            HOME: home,
            GIT_CONFIG_GLOBAL: '/dev/null',
            ...env,
            MONOKIT_CACHE_DIR: join(home, 'cache'),
          },
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
    };
    run(['git', 'clone', '-q', join(this.#root, 'origin.bundle'), '.']);
    assert.equal(statSync(join(clone, 'app')).uid, uid);
    assert.equal(statSync(join(clone, 'app/file')).mode & 0o777, umask === '077' ? 0o600 : 0o644);
    const command = [bin, 'build', '--progress', 'plain', '--metadata-file', meta, ...args];
    if (uid === 0) run(command);
    else if (asUser) run(['unshare', '--user', '--map-root-user', '--mount', '--', ...command]);
    else this.#asRoot(place, clone, home, command);
    const answers = JSON.parse(readFileSync(meta, 'utf8')) as Record<string, string>;
    return { digest: answers['containerimage.digest']!, clone };
  }

  /** RUN steps take root; all else stays as it is. */
  #asRoot({ umask, clock, env }: Place, clone: string, home: string, command: readonly string[]): void {
    const timed = clock === undefined ? command : ['faketime', '-f', `@${clock}`, ...command];
    execFileSync('sh', ['-c', `umask ${umask}; cd "$0" && exec "$@"`, clone, ...timed], {
      env: { ...process.env, HOME: home, ...env, MONOKIT_CACHE_DIR: join(home, 'cache') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

const attested = ['--provenance', 'mode=max', '--sbom=true'];
const app = {
  app: {
    file: 'content',
    'run.sh': '#!/bin/sh\necho run\n',
    'deep/er/file': 'x',
    'node_modules/left-pad/package.json': '{"name":"left-pad","version":"1.3.0"}',
  },
};

test(
  'the same commit in two roots, under two users, umasks and clocks, gives the same index digest',
  { skip: chrooted },
  () => {
    using commit = new Commit({
      ...app,
      Dockerfile: 'FROM scratch\nWORKDIR /made/on/the/way\nCOPY app /app\nCOPY app/deep /deep/\nENV A=b\n',
    });
    const args = [
      '--reproducible',
      ...attested,
      '--platform',
      'linux/amd64,linux/arm64',
      '-o',
      'type=oci,dest=app.tar',
      '-t',
      'app:1',
      '.',
    ];
    const [one, two] = places.map((place) => commit.build(place, args, { asUser: true }));
    assert.match(one!.digest, /^sha256:/);
    assert.equal(two!.digest, one!.digest);
    // Not the digest alone: every byte of the archive.
    assert.deepEqual(readFileSync(join(two!.clone, 'app.tar')), readFileSync(join(one!.clone, 'app.tar')));
  },
);

test('what RUN steps make is the same, too, of every image of a workspace', () => {
  using commit = new Commit({
    ...app,
    'buildkit.config.json': JSON.stringify({
      defaults: { reproducible: true, attest: ['type=provenance,mode=max', 'type=sbom'] },
      images: {
        base: { dockerfile: 'base.Dockerfile', contexts: { busybox: `oci-layout://${busyboxLayout()}` } },
        app: { tags: ['example.com/app:1'], output: 'type=oci,dest=app.tar' },
      },
    }),
    'base.Dockerfile': 'FROM busybox\nRUN mkdir /made && echo made > /made/file && date > /dev/null\n',
    Dockerfile: 'FROM base\nCOPY --chown=7:8 app /app\nRUN ls -l /app/run.sh | cut -c1-10 > /mode && touch /app/deep\n',
  });
  const [one, two] = places.map((place) => commit.build(place, ['app'], { asUser: false }));
  assert.equal(two!.digest, one!.digest);
});

test('files that are written out are the same, too', { skip: chrooted }, () => {
  using commit = new Commit({ ...app, Dockerfile: 'FROM scratch\nCOPY app /app\n' });
  const args = ['--reproducible', ...attested, '-o', 'type=tar,dest=app.tar', '.'];
  const [one, two] = places.map((place) => commit.build(place, args, { asUser: true }));
  assert.deepEqual(readFileSync(join(two!.clone, 'app.tar')), readFileSync(join(one!.clone, 'app.tar')));
  assert.ok(existsSync(join(one!.clone, 'app.tar')));
});

test('without being asked for, times and modes are those of the files', { skip: chrooted }, () => {
  using commit = new Commit({ ...app, Dockerfile: 'FROM scratch\nCOPY app /app\n' });
  const args = ['-o', 'type=oci,dest=app.tar', '.'];
  const [one, two] = places.map((place) => commit.build(place, args, { asUser: true }));
  assert.notEqual(two!.digest, one!.digest);
});
