// `cli why` after real builds, for each kind of cause.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';

const config = {
  discover: true,
  defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` } },
  images: { web: { args: { TITLE: 'shop' } } },
};

const files: Tree = {
  'buildkit.config.json': JSON.stringify(config),
  base: { Dockerfile: 'FROM busybox\nCOPY tools /tools\nRUN ls /tools > /list\n', tools: { t: 't' } },
  api: {
    Dockerfile: `FROM base AS build
ARG LEVEL=1
COPY src /src
RUN sort /src/* > /all
FROM base
COPY --from=build /all /all
RUN --mount=type=bind,source=src,target=/s wc /all > /wc
`,
    src: { a: 'a\n', b: 'b\n' },
  },
  web: {
    Dockerfile: 'FROM busybox\nARG TITLE\nENV MODE=dev\nRUN echo $TITLE > /t\nCOPY . /w\nCMD ["a"]\n',
    '.dockerignore': 'Dockerfile\n*.md\n',
    'w.txt': 'w',
    'old.txt': 'o',
    'notes.md': 'n',
  },
};

interface Caused {
  readonly kind: string;
  readonly what: string;
  readonly how: string;
  readonly from?: string;
  readonly hint?: string;
  readonly owner?: string;
  readonly step?: { readonly name: string; readonly fate?: string };
  readonly only: number;
}

interface Told {
  readonly image: string;
  readonly status?: string;
  readonly platforms: readonly { readonly ran: number; readonly causes: readonly Caused[] }[];
}

async function told(rig: Rig, args: readonly string[]): Promise<readonly Told[]> {
  const { stdout } = await rig.ok(['why', ...args, '--json']);
  return (JSON.parse(stdout) as { images: readonly Told[] }).images;
}

/** Causes as `kind what how`, digests left out, with the step that shows them first. */
async function causes(rig: Rig, ...args: readonly string[]): Promise<readonly string[]> {
  const [image] = await told(rig, args);
  return wordsOf(image!);
}

function wordsOf({ platforms }: Told): readonly string[] {
  return platforms.flatMap((platform) =>
    platform.causes.map(({ kind, what, how, from, owner, step }) =>
      [
        kind,
        what,
        how.replace(/\b[0-9a-f]{4,12}→[0-9a-f]{4,12}\b/, '…'),
        from && `(${from})`,
        '@',
        owner && `${owner}:`,
        step?.name.replaceAll(/@sha256:\w+/g, ''),
      ]
        .filter(Boolean)
        .join(' '),
    ),
  );
}

test('why names each kind of cause, and the step where it shows first', async () => {
  await using rig = await Rig.open(files);
  await rig.ok(['build', 'all']);
  const write = (path: string, text: string) => writeFileSync(rig.path(path), text);
  const edit = (path: string, from: string, to: string) => {
    const text = readFileSync(rig.path(path), 'utf8');
    assert.ok(text.includes(from), from);
    write(path, text.replace(from, to));
  };
  const changes: readonly (readonly [image: string, change: () => void, expected: readonly string[]])[] = [
    [
      'api',
      () => appendFileSync(rig.path('api/src/a'), 'more\n'),
      ['file api/src/a content … @ [build 1/3] COPY src /src'],
    ],
    ['web', () => write('web/new', 'new'), ['file web/new added @ [2/3] COPY . /w']],
    ['web', () => rmSync(rig.path('web/old.txt')), ['file web/old.txt removed @ [2/3] COPY . /w']],
    ['web', () => chmodSync(rig.path('web/w.txt'), 0o755), ['file web/w.txt mode 644→755 @ [2/3] COPY . /w']],
    ['web', () => symlinkSync('w.txt', rig.path('web/link')), ['file web/link link to w.txt added @ [2/3] COPY . /w']],
    [
      'web',
      () => {
        rmSync(rig.path('web/link'));
        symlinkSync('elsewhere', rig.path('web/link'));
      },
      ['file web/link link w.txt→elsewhere @ [2/3] COPY . /w'],
    ],
    [
      'api',
      () => renameSync(rig.path('api/src/b'), rig.path('api/src/c')),
      ['file api/src/b removed @ [build 1/3] COPY src /src', 'file api/src/c added @ [build 1/3] COPY src /src'],
    ],
    [
      'web',
      () => write('web/.dockerignore', 'Dockerfile\n'),
      [
        'file web/.dockerignore content … @ [2/3] COPY . /w',
        'ignore web/notes.md no longer ignored (ignore file) @ [2/3] COPY . /w',
      ],
    ],
    [
      'api',
      () => edit('api/Dockerfile', 'LEVEL=1', 'LEVEL=2'),
      ['argument ARG LEVEL 1→2 (Dockerfile:2) @ [build 2/3] RUN sort /src/* > /all'],
    ],
    [
      'web',
      () => edit('web/Dockerfile', 'dev', 'prod'),
      ['variable ENV MODE dev→prod (Dockerfile:3) @ [1/3] RUN echo shop > /t'],
    ],
    ['web', () => edit('web/Dockerfile', '"a"', '"b"'), ['config CMD ["a"]→["b"] @']],
    [
      'api',
      () => edit('api/Dockerfile', 'sort /src', 'sort -r /src'),
      ['instruction api/Dockerfile:4 was RUN sort /src/* > /all @ [build 2/3] RUN sort -r /src/* > /all'],
    ],
    [
      'api',
      () => edit('api/Dockerfile', 'FROM base\n', 'FROM base\nRUN echo new > /new\n'),
      ['instruction api/Dockerfile:6 added @ [stage-1 1/4] RUN echo new > /new'],
    ],
    [
      'api',
      () => edit('api/Dockerfile', 'RUN echo new > /new\n', ''),
      ['instruction api/Dockerfile removed: RUN echo new > /new @ [stage-1 1/3] COPY --from=build /all /all'],
    ],
    [
      'api',
      () => edit('api/Dockerfile', 'target=/s ', 'target=/t '),
      [
        'mount mount /s bind of /src readonly→none @ [stage-1 2/3] RUN --mount=type=bind,source=src,target=/t wc /all > /wc',
        'mount mount /t none→bind of /src readonly @ [stage-1 2/3] RUN --mount=type=bind,source=src,target=/t wc /all > /wc',
      ],
    ],
    [
      'api',
      () => appendFileSync(rig.path('base/tools/t'), 'more'),
      ['file base/tools/t content … @ base: [1/3] COPY tools /tools'],
    ],
    [
      'web',
      () => edit('buildkit.config.json', 'shop', 'store'),
      ['argument ARG TITLE shop→store (build argument) @ [1/3] RUN echo store > /t'],
    ],
  ];
  for (const [image, change, expected] of changes) {
    change();
    const foretold = await causes(rig, image, '--next');
    const { stderr } = await rig.ok(['build', 'all']);
    const [explained] = await told(rig, [image]);
    const found = wordsOf(explained!);
    assert.deepEqual(found, expected);
    assert.deepEqual(foretold, expected, 'what would be built, and what was, have the same cause');
    // What was taken back was in the cache, another config runs no step: such an image has no line of its own.
    if (explained!.status === 'cached') continue;
    const [line] = stderr.match(new RegExp(`^[✔=] ${image} .*$`, 'm')) ?? [];
    const [, what] = /^\w+ (.*?) (?:…|added|removed|mode|link|content|no |was|\S+→|none|bind)/.exec(expected[0]!)!;
    assert.ok(line?.includes(what!), `${line} has ${what}`);
  }
});

test('base image, build argument, platform, target and ignored files', async () => {
  await using rig = await Rig.open(files);
  const layout = rig.path('layout');
  cpSync(busyboxLayout(), layout, { recursive: true });
  write(
    'buildkit.config.json',
    JSON.stringify({ ...config, defaults: { contexts: { busybox: `oci-layout://${layout}` } } }),
  );
  await rig.ok(['build', 'all']);

  await rig.ok(['build', 'web', '--build-arg', 'TITLE=other']);
  assert.deepEqual(await causes(rig, 'web'), [
    'argument ARG TITLE shop→other (build argument) @ [1/3] RUN echo other > /t',
  ]);

  await rig.ok(['build', 'web', '--build-arg', 'TITLE=other', '--platform', 'linux/arm64']).catch(() => undefined);
  assert.deepEqual(await causes(rig, 'web'), ['platform platform linux/amd64→linux/arm64 @']);

  await rig.ok(['build', 'api']);
  await rig.ok(['build', 'api', '--target', 'build']);
  assert.deepEqual(await causes(rig, 'api'), ['target target the last stage→build @']);

  // Another image under the name of the base.
  await rig.ok(['build', 'web']);
  const other = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo other > /other\n' });
  await other.ok(['build', '.', '-o', `type=oci,tar=false,dest=${join(other.root, 'out')}`, ...other.busybox]);
  rmSync(layout, { recursive: true });
  cpSync(join(other.root, 'out'), layout, { recursive: true });
  await other[Symbol.asyncDispose]();
  await rig.ok(['build', 'web']);
  const [base, ...more] = await causes(rig, 'web');
  assert.match(base!, /^base base image busybox … @ \[(context|1\/3).*/);
  assert.deepEqual(more, []);

  function write(path: string, text: string): void {
    writeFileSync(rig.path(path), text);
  }
});

test('steps that ran though nothing differs say why: forced, pruned, failed', async () => {
  await using rig = await Rig.open(files);
  await rig.ok(['build', 'web']);
  await rig.ok(['build', 'web', '--no-cache']);
  const [forced] = await told(rig, ['web']);
  assert.deepEqual(
    forced!.platforms[0]!.causes.map(({ kind, how, hint, only }) => [kind, how, hint, only]),
    [['again', 'told to run whatever is in the cache', '--no-cache were left out', 1]],
  );
  await rig.ok(['prune', '--all']);
  const { stderr } = await rig.ok(['build', 'web']);
  assert.match(stderr, /✔ web {2}not in the cache any more/);
  const pruned = (await told(rig, ['web']))[0]!.platforms[0]!;
  assert.ok(pruned.causes.every(({ kind, how }) => kind === 'again' && /no longer in the cache/.test(how)));
  assert.ok(pruned.causes.length > 0);

  const dockerfile = readFileSync(rig.path('web/Dockerfile'), 'utf8');
  writeFileSync(
    rig.path('web/Dockerfile'),
    `${dockerfile}RUN --mount=type=cache,target=/c test -e /c/f || { touch /c/f; exit 3; }\n`,
  );
  writeFileSync(rig.path('web/w.txt'), 'changed');
  const failed = await rig.cli(['build', 'web']);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /changed since last good build: web\/w\.txt, web\/Dockerfile:7\n/);
  assert.match(failed.stderr, /explain: cli why web\n/);
  await rig.ok(['build', 'web']);
  assert.deepEqual(
    (await causes(rig, 'web')).map((cause) => cause.split(' @ ')[0]),
    ['again nothing differs it failed in the run before'],
  );
});

test('runs, commits and parts of an image can be compared; mistakes say what there is', async () => {
  await using rig = await Rig.open(files);
  const nothing = await rig.cli(['why', 'api']);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /^error: nothing has been built here yet\n {2}cli build all\n/);
  const git = (...args: readonly string[]) => {
    const { status, stderr } = spawnSync('git', ['-C', rig.dir, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
    assert.equal(status, 0, String(stderr));
  };
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'one');
  await rig.ok(['build', 'api']);
  const alone = await rig.cli(['why', 'api']);
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /api has been built in only one run so far/);
  appendFileSync(rig.path('api/src/a'), 'two\n');
  git('commit', '-qam', 'two');
  await rig.ok(['build', 'api']);
  appendFileSync(rig.path('base/tools/t'), 'three\n');
  await rig.ok(['build', 'api']);
  await rig.ok(['build', 'api', '--progress', 'plain', '-v']);

  const src = 'file api/src/a content … @ [build 1/3] COPY src /src';
  const tools = 'file base/tools/t content … @ base: [1/3] COPY tools /tools';
  assert.deepEqual(await causes(rig, 'api'), [tools], 'the newest run that built it');
  assert.deepEqual(await causes(rig, 'api', '--vs', 'HEAD~1'), [tools, src]);
  const ids = readdirSync(join(rig.cacheDir, 'state/runs')).flatMap((workspace) =>
    readdirSync(join(rig.cacheDir, 'state/runs', workspace)).flatMap(
      (name) => /^(\w{16})\.json$/.exec(name)?.[1] ?? [],
    ),
  );
  const [first, second] = ids.toSorted();
  assert.deepEqual(await causes(rig, 'api', first!, second!), [src]);
  const [back] = await causes(rig, 'api', second!, first!);
  assert.equal(back, src, 'either way round');
  assert.deepEqual(await causes(rig, 'api#build', '--vs', first!), [tools, src]);
  assert.deepEqual(await causes(rig, 'api:3', first!, second!), [src]);

  for (const [args, message] of [
    [['apii'], /no run that is kept has built apii \(\d runs?\)\n {2}did you mean api\?/],
    [['api#buidl'], /api was built without a stage "buidl"\n {2}did you mean api#build\?/],
    [['api:99'], /no step of api is from line 99 of its Dockerfile/],
    [['api', '--vs', 'nowhere'], /"nowhere" is neither a run nor a commit here/],
    [['api', first!], /two runs can be compared\n {2}cli why IMAGE RUN_A RUN_B/],
  ] as const) {
    const { code, stderr } = await rig.cli(['why', ...args]);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
});

test('what is kept of a run holds no secret, and lies there once', async () => {
  await using rig = await Rig.open({
    Dockerfile:
      'FROM busybox\nARG NPM_TOKEN\nARG V\nRUN --mount=type=secret,id=s cat /run/secrets/s | wc -c > /n\nRUN NPM_PASSWORD=hunter4 true\n',
    secret: 'hunter3',
  });
  const build = (token: string) =>
    rig.ok([
      'build',
      '.',
      ...rig.busybox,
      '--build-arg',
      `NPM_TOKEN=${token}`,
      '--build-arg',
      'V=http://me:hunter5@h/',
      '--secret',
      'id=s,src=secret',
    ]);
  await build('hunter1');
  await build('hunter2');
  const state = join(rig.cacheDir, 'state');
  const kept = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.ok(kept.length > 3);
  for (const { parentPath, name } of kept) {
    const text = readFileSync(join(parentPath, name), 'latin1');
    // Steps are called as they are written in the Dockerfile, which is no place for secrets; ours hides it even so.
    assert.doesNotMatch(text, /hunter[1235]/, name);
    if (parentPath.endsWith('/made')) assert.doesNotMatch(text, /hunter/, name);
  }
  const [cause] = await causes(rig, 'project');
  assert.match(cause!, /^argument ARG NPM_TOKEN ~\w{8}→~\w{8} \(build argument\) @/);
});

test('an image that comes out as it was keeps its digest, and its line says so', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify(config),
    app: {
      Dockerfile: 'FROM busybox AS b\nCOPY a /a\nRUN wc -c < /a > /n\nFROM busybox\nCOPY --from=b /n /n\n',
      a: '12',
    },
  });
  await rig.ok(['build', 'app']);
  writeFileSync(rig.path('app/a'), '21');
  const { stderr } = await rig.ok(['build', 'app']);
  assert.match(stderr, /^= app .*digest kept/m);
  assert.deepEqual(await causes(rig, 'app'), ['file app/a content … @ [b 1/3] COPY a /a']);
});

test('a run is compared with that of another machine, by the files that its build left', async () => {
  await using ci = await Rig.open({ ...files, Dockerfile: 'FROM busybox\nARG API_TOKEN\nRUN echo $API_TOKEN > /t\n' });
  const all = ['build', 'all', '--summarize=out/run.json'];
  await ci.ok([...all, '--build-arg', 'LEVEL=2', '--build-arg', 'API_TOKEN=the-token-of-ci']);
  assert.doesNotMatch(readFileSync(ci.path('out/run.made.json'), 'utf8'), /the-token-of-ci/);

  await using here = await Rig.open({
    ...files,
    Dockerfile: 'FROM busybox\nARG API_TOKEN\nRUN echo $API_TOKEN > /t\n',
  });
  cpSync(ci.path('out'), here.path('ci'), { recursive: true });
  appendFileSync(here.path('api/src/a'), 'more\n');
  await here.ok(['build', 'all', '--build-arg', 'API_TOKEN=the-token-of-ci']);
  assert.deepEqual(await causes(here, 'api', '--vs', 'ci/run.json'), [
    'file api/src/a content … @ [build 1/3] COPY src /src',
    'argument ARG LEVEL 2→1 (build argument) @ [build 2/3] RUN sort /src/* > /all',
  ]);
  // That a step ran because its result was not here is no difference.
  assert.deepEqual(await causes(here, 'base', '--vs', 'ci/run.json'), []);
  const shown = await here.ok(['why', 'base', '--vs', 'ci/run.json']);
  assert.match(shown.stdout, /nothing that is known of it differs\n\d steps ran since the cache is another one: .*→/);
  // Without a run of one's own, two of other machines.
  writeFileSync(ci.path('api/src/b'), 'other\n');
  await ci.ok(['build', 'all', '--summarize=out/next.json', '--build-arg', 'LEVEL=2']);
  await using nowhere = await Rig.open({});
  cpSync(ci.path('out'), nowhere.path('ci'), { recursive: true });
  assert.deepEqual(await causes(nowhere, 'api', 'ci/run.json', 'ci/next.json'), [
    'file api/src/b content … @ [build 1/3] COPY src /src',
  ]);

  // What somebody brings is no bundle because it says so.
  const bundle = JSON.parse(readFileSync(ci.path('out/run.made.json'), 'utf8')) as {
    components: object;
    lists: object;
  };
  const [[name, components] = ['', {}]] = Object.entries(bundle.components);
  const damaged = [
    '{',
    'null',
    '{"version":1}',
    JSON.stringify({ ...bundle, components: { [name]: { ...components, platforms: [null] } } }),
    JSON.stringify({ ...bundle, lists: { x: 'y' } }),
    undefined,
  ];
  for (const text of damaged) {
    const path = here.path('ci/run.made.json');
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    const { code, stderr } = await here.cli(['why', 'api', '--vs', 'ci/run.json']);
    assert.equal(code, 2, stderr);
    assert.match(
      stderr,
      /^error: what api was made of in the run \w+ is not known\n {2}it lies .* as run\.made\.json;/,
    );
  }
});
