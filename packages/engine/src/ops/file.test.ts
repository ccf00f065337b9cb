import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openFolderCache } from '../../../../test/rig/folder-cache.ts';
import { jobOf } from '../../../../test/rig/local-job.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { CopyAction } from '../llb/copy-action.ts';
import type { FileAction, MkdirAction, MkfileAction, RmAction, SymlinkAction } from '../llb/file-action.ts';
import { openPool } from '../pool/pool.ts';
import { failedOf } from '../std/failed.ts';
import { makeTempFolder } from '../std/temp.ts';
import { runFileOp } from './file.ts';

type Body<A> = Partial<A> & { readonly kind: string };
type Some = Partial<FileAction> & Body<CopyAction | MkfileAction | MkdirAction | RmAction | SymlinkAction>;

const defaults = {
  copy: {
    src: '/',
    dest: '/',
    mode: -1,
    modeText: '',
    followSymlink: true,
    dirCopyContents: true,
    unpackArchives: false,
    createDestPath: true,
    allowWildcard: true,
    allowEmptyWildcard: false,
    timestamp: -1n,
    include: [],
    exclude: [],
    alwaysReplaceExistingDestPaths: false,
    requiredPaths: [],
  },
  mkfile: { path: '/f', mode: 0o644, data: Buffer.from('made'), timestamp: -1n },
  mkdir: { path: '/d', mode: 0o755, makeParents: false, timestamp: -1n },
  rm: { path: '/f', allowNotFound: false, allowWildcard: false },
  symlink: { oldpath: '/f', newpath: '/l', timestamp: -1n },
} as const;

/** An action with defaults; it works on input 0, and is output 0, unless it says otherwise. */
function action(some: Some): FileAction {
  const base = defaults[some.kind as keyof typeof defaults];
  return { input: 0, secondaryInput: some.kind === 'copy' ? 1 : -1, output: 0, ...base, ...some } as FileAction;
}

interface Rig {
  readonly folder: string;
  tree(files: Readonly<Record<string, string>>): ImmutableRef;
  /** Runs the actions; where the outputs lie. */
  run(actions: readonly Some[], inputs: readonly ImmutableRef[]): Promise<readonly string[]>;
}

async function withRig(body: (rig: Rig) => Promise<void>): Promise<void> {
  await using folder = makeTempFolder();
  await using pool = openPool();
  const cache = openFolderCache(join(folder.path, 'cache'));
  let trees = 0;
  await body({
    folder: folder.path,
    tree(files) {
      const root = join(folder.path, `input-${trees++}`);
      mkdirSync(root);
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        if (content.startsWith('-> ')) symlinkSync(content.slice(3), join(root, path));
        else writeFileSync(join(root, path), content);
      }
      return cache.ref(root);
    },
    async run(actions, inputs) {
      const options = { cache: cache as never, pool, job: jobOf(), vertex: { name: 'test' } };
      const outputs = await runFileOp({ actions: actions.map(action) }, inputs, options);
      return outputs.map((output) => cache.folderOf(output));
    },
  });
}

const read = (root: string | undefined, path: string) => readFileSync(join(root!, path), 'utf8');
const fails =
  (kind: string, text = '') =>
  (error: unknown) => {
    const failed = failedOf(error, kind);
    assert.ok(failed, String(error));
    assert.ok(failed.message.includes(text), failed.message);
    return true;
  };

test('actions build on each other, and inputs stay as they are', async () => {
  await withRig(async ({ tree, run }) => {
    const base = tree({ old: 'o' });
    const [root] = await run(
      [
        { kind: 'mkdir', path: '/d', output: -1 },
        { kind: 'mkfile', path: '/d/f', input: 2, output: -1 },
        { kind: 'symlink', newpath: '/d/l', input: 3, output: -1 },
        { kind: 'copy', src: '/x', dest: '/d/', input: 4, output: -1 },
        { kind: 'rm', path: '/old', input: 5 },
      ],
      [base, tree({ x: 'x' })],
    );
    assert.deepEqual(readdirSync(root!), ['d']);
    assert.deepEqual(readdirSync(join(root!, 'd')).sort(), ['f', 'l', 'x']);
    assert.deepEqual(readdirSync(base.id), ['old']);
  });
});

test('a result that several read is kept for each, and an op may have several outputs', async () => {
  await withRig(async ({ tree, run }) => {
    const outputs = await run(
      [
        { kind: 'mkfile', path: '/a', input: -1, output: -1 },
        { kind: 'mkfile', path: '/b', input: 1, output: 1 },
        { kind: 'mkfile', path: '/c', input: 1, output: 0 },
        { kind: 'copy', src: '/b', dest: '/from-b', input: 3, secondaryInput: 2, output: 2 },
      ],
      [tree({})],
    );
    assert.deepEqual(
      outputs.map((root) => readdirSync(root).sort()),
      [
        ['a', 'c'],
        ['a', 'b'],
        ['a', 'c', 'from-b'],
      ],
    );
  });
});

test('a copy may read what an action made, without a tree of its own', async () => {
  await withRig(async ({ run, folder }) => {
    const [root] = await run(
      [
        { kind: 'mkfile', path: '/in', input: -1, output: -1 },
        { kind: 'copy', src: '/in', dest: '/out', input: -1, secondaryInput: 0 },
      ],
      [],
    );
    assert.equal(read(root, 'out'), 'made');
    // The empty tree, and the one that came out.
    assert.equal(readdirSync(join(folder, 'cache')).length, 2);
  });
});

test('actions that refer to nothing, to each other in a circle, or to no output are refused', async () => {
  await withRig(async ({ tree, run }) => {
    const one = [tree({})];
    const refused: (readonly Some[])[] = [
      [{ kind: 'mkdir', output: -1 }],
      [{ kind: 'mkdir', input: 9 }],
      [{ kind: 'mkdir', input: -2 }],
      [{ kind: 'mkdir', output: 1 }],
      [{ kind: 'mkdir' }, { kind: 'mkdir', input: 0 }],
      [{ kind: 'mkdir', input: 1 }],
      [
        { kind: 'mkdir', input: 2 },
        { kind: 'mkdir', input: 1, output: -1 },
      ],
    ];
    for (const actions of refused)
      await assert.rejects(run(actions, one), fails('file-actions-invalid'), JSON.stringify(actions));
  });
});

test('what an op makes by itself has the time of its action, else one that is always the same', async () => {
  await withRig(async ({ tree, run }) => {
    const [root] = await run(
      [
        { kind: 'mkdir', path: '/a/b', makeParents: true, output: -1 },
        { kind: 'mkfile', path: '/a/b/f', input: 1, output: -1 },
        { kind: 'mkfile', path: '/a/g', timestamp: 5_000_000_007n, input: 2, mode: 0o4755 },
      ],
      [tree({})],
    );
    const stats = (path: string) => lstatSync(join(root!, path), { bigint: true });
    assert.deepEqual(
      ['a', 'a/b', 'a/b/f', 'a/g'].map((path) => stats(path).mtimeNs),
      [1n, 1n, 1n, 5_000_000_007n],
    );
    assert.equal(stats('a/g').mode & 0o7777n, 0o755n);
  });
});

test('paths lead through links inside the tree only', async () => {
  await withRig(async ({ tree, run }) => {
    const base = tree({ real: '-> /deep', 'deep/old': 'o', file: '-> ../../deep/old', 'deep/keep': '' });
    const [root] = await run(
      [
        { kind: 'mkdir', path: '/real/d', output: -1 },
        { kind: 'mkfile', path: '/file', input: 1, output: -1 },
        { kind: 'symlink', newpath: '/real/l', oldpath: 'anything', input: 2, output: -1 },
        { kind: 'rm', path: '/real/keep', input: 3, output: -1 },
        { kind: 'rm', path: '/real', input: 4 },
      ],
      [base],
    );
    assert.deepEqual(readdirSync(root!).sort(), ['deep', 'file']);
    assert.deepEqual(readdirSync(join(root!, 'deep')).sort(), ['d', 'l', 'old']);
    assert.equal(read(root, 'deep/old'), 'made');
    assert.equal(readlinkSync(join(root!, 'deep/l')), 'anything');
  });
});

test('rm takes wildcards, and what is not there only where it is told to', async () => {
  await withRig(async ({ tree, run }) => {
    const base = tree({ 'a.log': '', 'b.log': '', 'c.txt': '', 'd/e.log': '' });
    const [root] = await run([{ kind: 'rm', path: '/*.log', allowWildcard: true }], [base]);
    assert.deepEqual(readdirSync(root!).sort(), ['c.txt', 'd']);
    await assert.rejects(run([{ kind: 'rm', path: '/none' }], [base]), fails('file-missing', '"/none"'));
    await run([{ kind: 'rm', path: '/none', allowNotFound: true }], [base]);
    await assert.rejects(run([{ kind: 'rm', path: '/' }], [base]), fails('file-actions-invalid'));
  });
});

test('owners are looked up in the tree they are to be known to', async () => {
  await withRig(async ({ tree, run }) => {
    const base = tree({
      'etc/passwd': 'root:x:0:0::/:\napp:x:12:34::/:/bin/sh\n',
      etc2: '-> etc',
      'etc/group': 'crew:x:56:app\n',
    });
    const name = (name: string, input = 0) => ({ kind: 'name', name, input }) as const;
    const table: [owner: NonNullable<MkfileAction['owner']>, uid: number, gid: number][] = [
      [{ user: name('app') }, 12, 34],
      [{ user: name('app'), group: name('crew') }, 12, 56],
      [{ user: name('ghost'), group: name('ghosts') }, 0, 0],
      [{ user: { kind: 'id', id: 7 } }, 7, 7],
      [{ user: { kind: 'id', id: 7 }, group: { kind: 'id', id: 8 } }, 7, 8],
      [{ group: name('crew') }, 0, 56],
    ];
    for (const [owner, uid, gid] of table) {
      const [root] = await run([{ kind: 'mkfile', path: '/f', owner }], [base]);
      const stats = lstatSync(join(root!, 'f'));
      assert.deepEqual([stats.uid, stats.gid], [uid, gid], JSON.stringify(owner));
    }
    const nowhere = run([{ kind: 'mkfile', owner: { user: name('app', -1) } }], [base]);
    await assert.rejects(nowhere, fails('owner-unknown', 'invalid user index: -1'));
    const odd = run([{ kind: 'mkfile', owner: { user: name('x', 1) } }], [base, tree({ 'etc/passwd/x': '' })]);
    await assert.rejects(odd, fails('owner-unknown', 'it is a directory'));
  });
});

test('a wildcard copies each match, and without one it is up to the action', async () => {
  await withRig(async ({ tree, run }) => {
    const inputs = [tree({}), tree({ 'p1/a': 'a', 'p2/b': 'b', 'q/c': 'c', link: '-> p1' })];
    const [root] = await run([{ kind: 'copy', src: '/p*', dest: '/o/' }], inputs);
    assert.deepEqual(readdirSync(join(root!, 'o')).sort(), ['a', 'b']);
    const [through] = await run([{ kind: 'copy', src: '/link/*', dest: '/o/' }], inputs);
    assert.deepEqual(readdirSync(join(through!, 'o')), ['a']);
    await assert.rejects(run([{ kind: 'copy', src: '/z*' }], inputs), fails('file-missing', '/z*'));
    const [empty] = await run([{ kind: 'copy', src: '/z*', dest: '/o/', allowEmptyWildcard: true }], inputs);
    assert.deepEqual(readdirSync(empty!), []);
    await assert.rejects(
      run([{ kind: 'copy', src: '/q', dest: '/no/such', createDestPath: false }], inputs),
      fails('file-missing', '/no'),
    );
    await assert.rejects(run([{ kind: 'copy', src: '/q', modeText: 'a=rw9' }], inputs), fails('bad-mode', 'a=rw9'));
  });
});

test('a large tree is copied in a thread, and stops there when the build stops', async () => {
  await withRig(async ({ tree, run, folder }) => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`d${i % 7}/f${i}`, String(i)]));
    const [root] = await run([{ kind: 'copy', src: '/', dest: '/all' }], [tree({}), tree(files)]);
    assert.equal(read(root, 'all/d3/f3'), '3');
    assert.equal(readdirSync(join(root!, 'all')).length, 7);
    await using pool = openPool();
    const cache = openFolderCache(join(folder, 'other'));
    const stop = new AbortController();
    const options = { cache: cache as never, pool, job: jobOf({}, stop.signal), vertex: { name: 'test' } };
    const copying = runFileOp({ actions: [action({ kind: 'copy', dest: '/all' })] }, [tree({}), tree(files)], options);
    stop.abort(new Error('enough'));
    await assert.rejects(copying, /enough/);
    assert.deepEqual(readdirSync(join(folder, 'other')), ['tree-0']);
  });
});

test('a system call that fails names paths in the tree, not on this machine', async () => {
  await withRig(async ({ tree, run, folder }) => {
    const failing = run([{ kind: 'mkfile', path: '/missing/f' }], [tree({})]);
    await assert.rejects(failing, (error) => {
      assert.ok(failedOf(error, 'file-refused'), String(error));
      assert.equal((error as Error).message.includes(folder), false, String(error));
      return fails('file-refused', '/missing')(error);
    });
    assert.equal(existsSync(join(folder, 'missing')), false);
    await assert.rejects(
      run([{ kind: 'symlink', newpath: '/there' }], [tree({ there: '' })]),
      fails('copy-conflict', '/there'),
    );
  });
});
