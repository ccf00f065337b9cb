import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Config } from './config.ts';
import { loadConfig } from './load.ts';
import { resolveTargets, type ResolveOptions, type Resolution, type Workspace } from './resolve.ts';

class Shop implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'resolve-'));

  constructor(...files: string[]) {
    mkdirSync(join(this.root, '.git'));
    for (const path of ['Dockerfile', 'api/Dockerfile', 'web/Dockerfile', ...files]) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), 'FROM scratch\n');
    }
  }

  async resolve(config: Config, options: ResolveOptions = {}): Promise<Resolution> {
    writeFileSync(join(this.root, 'buildkit.config.json'), JSON.stringify(config, undefined, 1));
    const { loaded, diagnostics } = await loadConfig({ cwd: this.root, env: {} });
    return loaded ? resolveTargets(loaded, { env: {}, ...options }) : { diagnostics };
  }

  async workspace(config: Config, options: ResolveOptions = {}): Promise<Workspace> {
    const { workspace, diagnostics } = await this.resolve(config, options);
    assert.deepEqual(diagnostics, []);
    return workspace!;
  }

  /** What is wrong, as `line: message (hint)`. */
  async mistakes(config: Config, options: ResolveOptions = {}): Promise<string[]> {
    const { workspace, diagnostics } = await this.resolve(config, options);
    assert.equal(workspace, undefined);
    return diagnostics.map(
      ({ range, message, hint }) => `${range?.start.line ?? '-'}: ${message}${hint ? ` (${hint})` : ''}`,
    );
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}

const ids = (workspace: Workspace) => [...workspace.targets.keys()];
const chosen = (workspace: Workspace) => workspace.selected.map(({ id }) => id);

test('an image has absolute paths and everything else by default', async () => {
  using shop = new Shop();
  const { targets } = await shop.workspace({ images: { api: { context: 'api' } } });
  const { recipe, context, args, tags, outputs, network, platforms, origins } = targets.get('api')!;
  assert.deepEqual(recipe, { kind: 'dockerfile', folder: join(shop.root, 'api'), name: 'Dockerfile' });
  assert.deepEqual(context, { kind: 'folder', path: join(shop.root, 'api') });
  assert.deepEqual([args, tags, outputs, network, platforms], [{}, [], [], 'default', []]);
  assert.deepEqual(origins.get('context'), { kind: 'config', path: ['images', 'api', 'context'] });
});

test('maps of defaults, parents and the image itself merge, lists are replaced, and the last parent wins', async () => {
  using shop = new Shop();
  const { targets } = await shop.workspace({
    defaults: { args: { A: 'defaults', D: 'd' }, labels: { team: 'x' }, tags: ['default'] },
    images: {
      _one: { args: { A: 'one', B: 'one' }, tags: ['one'], target: 'first', description: 'a template' },
      _two: { inherits: '_one', args: { B: 'two', C: 'two' }, platforms: 'linux/arm64' },
      api: { inherits: ['_one', '_two'], args: { C: 'own' }, tags: ['own'] },
    },
  });
  assert.deepEqual([...targets.keys()], ['api']);
  const { args, tags, target, platforms, labels, description, origins } = targets.get('api')!;
  assert.deepEqual(args, { A: 'one', D: 'd', B: 'two', C: 'own' });
  assert.deepEqual(
    [tags, target, platforms, labels, description],
    [['own'], 'first', ['linux/arm64'], { team: 'x' }, undefined],
  );
  assert.deepEqual(origins.get('args.B'), { kind: 'config', path: ['images', '_two', 'args', 'B'] });
  assert.deepEqual(origins.get('args.D'), { kind: 'config', path: ['defaults', 'args', 'D'] });
});

test('a layer that says how the image is made takes that of the layers below away', async () => {
  using shop = new Shop();
  const { targets } = await shop.workspace({
    images: { _base: { dockerfile: 'other' }, api: { inherits: '_base', dockerfileInline: 'FROM ${X}' } },
  });
  assert.deepEqual(targets.get('api')!.recipe, { kind: 'inline-dockerfile', text: 'FROM ${X}' });
});

test('variables come from --var, the environment where they say so, or their default', async () => {
  using shop = new Shop();
  const config: Config = {
    vars: {
      TAG: { default: 'dev', env: true },
      PORT: { default: 80 },
      ARCHES: { default: ['amd64', 'arm64'], type: 'list' },
      PLAIN: 'p',
    },
    images: {
      api: {
        tags: ['app:${TAG}', '${NOPE:-none}', '$${TAG}x'].slice(0, 2),
        args: { P: '${PORT}', L: '$${x}', Q: '${PLAIN}' },
        platforms: ['${ARCHES}'],
      },
    },
  };
  const api = async (options: ResolveOptions) => (await shop.workspace(config, options)).targets.get('api')!;
  const first = await api({});
  assert.deepEqual(
    [first.tags, first.args, first.platforms],
    [['app:dev', 'none'], { P: '80', L: '${x}', Q: 'p' }, ['linux/amd64', 'linux/arm64']],
  );
  assert.deepEqual((await api({ env: { TAG: 'env' } })).tags, ['app:env', 'none']);
  assert.deepEqual((await api({ env: { TAG: 'env' }, vars: { TAG: 'var', ARCHES: 'riscv64' } })).tags, [
    'app:var',
    'none',
  ]);
});

test('mistakes in variables are told with their places', async () => {
  using shop = new Shop();
  const vars = { VERSION: { validate: '\\d+', default: 'x' }, SIZE: { default: 1 }, MUST: { env: 'MUST' } } as const;
  assert.deepEqual(
    await shop.mistakes(
      { vars, images: { api: { tags: ['a:${VERSIN}'] } } },
      { vars: { SIZE: 'big', TAG: '1', MUST: '1' } },
    ),
    [
      '-: --var TAG: there is no variable of that name (declare it: vars: { TAG: { default: … } })',
      '3: the default of VERSION is "x", which doesn\'t match \\d+',
      '7: --var SIZE is "big", not a number',
      '17: there is no variable VERSIN (did you mean "VERSION"?)',
    ],
  );
});

test('a matrix makes an image for each combination, with include and exclude as GitHub has them', async () => {
  using shop = new Shop();
  const workspace = await shop.workspace(
    {
      images: {
        api: { context: 'api', dependsOn: 'worker' },
        worker: {
          matrix: {
            queue: ['mail', 'pdf'],
            node: [20, 22],
            exclude: [{ queue: 'pdf', node: 20 }],
            include: [
              { queue: 'mail', extra: 'e' },
              { queue: 'one', node: 1 },
            ],
          },
          args: { QUEUE: '${queue}', EXTRA: '${extra:-}' },
          tags: 'worker:${queue}-${node}',
        },
      },
    },
    { select: ['worker'] },
  );
  assert.deepEqual(chosen(workspace), ['worker-mail-20', 'worker-mail-22', 'worker-pdf-22', 'worker-one-1']);
  assert.deepEqual(workspace.targets.get('worker-mail-22')!.args, { QUEUE: 'mail', EXTRA: 'e' });
  assert.deepEqual(workspace.targets.get('worker-one-1')!.tags, ['worker:one-1']);
  assert.equal(workspace.targets.get('api')!.dependsOn.length, 4);
});

test('each image of the defaults names itself, unless there is a variable of that name', async () => {
  using shop = new Shop();
  const images = { api: { context: 'api' }, job: { context: 'api', matrix: { queue: ['mail', 'pdf'] } } };
  const defaults = { cacheTo: 'type=registry,ref=x.test/cache:${image},mode=max' };
  const { targets } = await shop.workspace({ defaults, images });
  assert.deepEqual(
    [...targets.values()].flatMap(({ cacheTo }) => cacheTo.map(({ attrs }) => attrs['ref'])),
    ['x.test/cache:api', 'x.test/cache:job-mail', 'x.test/cache:job-pdf'],
  );
  const own = await shop.workspace({ vars: { image: 'own' }, defaults, images: { api: images.api } });
  assert.equal(own.targets.get('api')!.cacheTo[0]!.attrs['ref'], 'x.test/cache:own');
});

test('a matrix of objects needs a name, and names must differ', async () => {
  using shop = new Shop();
  const matrix = {
    app: [
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ],
  };
  const workspace = await shop.workspace({
    images: { x: { matrix, name: '${app.name}', args: { PORT: '${app.port}' } } },
  });
  assert.deepEqual(ids(workspace), ['a', 'b']);
  assert.deepEqual(workspace.targets.get('b')!.args, { PORT: '2' });
  assert.match((await shop.mistakes({ images: { x: { matrix } } }))[0]!, /needs a name, such as 'x-\$\{app.name\}'/);
  assert.match(
    (await shop.mistakes({ images: { x: { matrix, name: 'same' } } }))[0]!,
    /two combinations of the matrix of x have the name same/,
  );
});

test('--set overrides by pattern: maps by name, lists replaced then added to, += added at once', async () => {
  using shop = new Shop();
  const config: Config = {
    images: { api: { tags: ['a'], args: { V: '1', W: '${X}' } }, 'web.v2': { context: 'web' } },
    vars: { X: 'x' },
  };
  const set = [
    '*.args.V=2.0=${X}',
    'api.tags+=b',
    'web.v2.platform=linux/amd64,linux/arm64',
    '*.no-cache=',
    '*.output=type=oci,dest=x.tar',
    '*.output=out',
  ];
  const { targets } = await shop.workspace(config, { set });
  const [api, web] = [targets.get('api')!, targets.get('web.v2')!];
  assert.deepEqual([api.args, api.tags, api.noCache], [{ V: '2.0=${X}', W: 'x' }, ['a', 'b'], true]);
  assert.deepEqual([web.args, web.platforms], [{ V: '2.0=${X}' }, ['linux/amd64', 'linux/arm64']]);
  assert.deepEqual(api.outputs, [
    { type: 'oci', attrs: {}, dest: join(shop.root, 'x.tar') },
    { type: 'local', attrs: {}, dest: join(shop.root, 'out') },
  ]);
  assert.deepEqual(api.origins.get('args.V'), { kind: 'set', text: '*.args.V=2.0=${X}' });
});

test('a --set that means nothing is a mistake', async () => {
  using shop = new Shop();
  const images = { api: {} };
  const set = [
    'api.tag',
    'api.platfroms=x',
    'nope.target=x',
    'api.args=1',
    'api.matrix=1',
    'api.target+=x',
    'api.shmSize=big',
  ];
  assert.deepEqual(await shop.mistakes({ images }, { set }), [
    '-: --set api.tag: there is no value (write --set pattern.key=value)',
    '-: --set api.platfroms=x: "platfroms" is not a key of an image (did you mean "platforms"?)',
    '-: --set api.args=1: args needs a name (write --set pattern.args.NAME=value)',
    "-: --set api.matrix=1: matrix can't be set from the command line",
    '-: --set api.target+=x: target is not a list that += could add to',
    '-: --set api.shmSize=big: "big" is not a size: write bytes, or a text such as "64m"',
    '-: --set nope.target=x: no image matches "nope"',
  ]);
});

test('all, ids, groups of groups, globs and stages select; nothing selects the default group', async () => {
  using shop = new Shop();
  const config: Config = {
    images: { api: { context: 'api', tags: ['api'] }, 'api-test': {}, web: { context: 'web' } },
    groups: { default: ['back'], back: ['api*'], everything: ['back', 'web'] },
  };
  const select = async (...selectors: string[]) => chosen(await shop.workspace(config, { select: selectors }));
  assert.deepEqual(await select(), ['api', 'api-test']);
  assert.deepEqual(await select('all'), ['api', 'api-test', 'web']);
  assert.deepEqual(await select('everything'), ['api', 'api-test', 'web']);
  assert.deepEqual(await select('web', '*-test', 'web'), ['web', 'api-test']);
  const { selected } = await shop.workspace(config, { select: ['api#deps', 'api'] });
  assert.deepEqual(
    selected.map(({ id, target, tags }) => [id, target, tags]),
    [
      ['api#deps', 'deps', []],
      ['api', undefined, ['api']],
    ],
  );
});

test('names that are none have the nearest suggested, and circles are shown whole', async () => {
  using shop = new Shop();
  assert.deepEqual(
    await shop.mistakes(
      {
        images: { api: { inherits: 'wbe' }, web: { dependsOn: ['apii'], contexts: { x: 'target:we' } } },
        groups: { g: ['apo'] },
      },
      { select: ['wep', 'x*'] },
    ),
    [
      '-: there is no image or group "wep" (did you mean "web"?)',
      '-: no image matches "x*" (there is api, web, g)',
      '4: api inherits from "wbe", which is not an image (did you mean "web"?)',
      '8: web: "apii" is not an image (did you mean "api"?)',
      '11: web: "we" is not an image (did you mean "web"?)',
      '17: the group g names "apo", which is neither an image nor a group (did you mean "api"?)',
    ],
  );
  const [inherited] = await shop.mistakes({ images: { a: { inherits: 'b' }, b: { inherits: 'a' } } });
  assert.match(inherited!, /images inherit from each other: a → b → a/);
  const [needed] = await shop.mistakes({
    images: { a: { contexts: { x: 'target:b' } }, b: { dependsOn: 'c' }, c: { dependsOn: 'a' } },
  });
  assert.match(needed!, /images need each other: a → b → c → a/);
  const [held] = await shop.mistakes({ images: { a: {} }, groups: { g: ['h'], h: ['g'] } });
  assert.match(held!, /groups hold each other: g → h → g/);
});

test('all that flags can say, an image can', async () => {
  using shop = new Shop('bases/index.json', 'key');
  const { targets } = await shop.workspace(
    {
      images: {
        base: {},
        api: {
          contexts: {
            base: 'target:base',
            alpine: 'docker-image://alpine:3',
            bases: 'oci-layout://bases:debian',
            src: './web',
            git: 'https://x.test/r.git#main',
          },
          cacheFrom: ['ghcr.io/x/cache', 'type=local,src=cache'],
          cacheTo: { type: 'local', dest: 'cache', mode: 'max' },
          secrets: ['id=npm,src=key', { id: 'token', env: 'T' }, 'CI_TOKEN'],
          ssh: ['default', 'deploy=key'],
          extraHosts: { db: '10.0.0.1', six: '[::1]' },
          shmSize: '64m',
          ulimits: { nofile: '1024:2048', nproc: 5 },
          network: 'host',
          annotations: { a: '1', 'index,manifest[linux/amd64]:b': '2' },
          tags: ['App'.toLowerCase(), 'ghcr.io/x/app:1'],
          args: { FROM_ENV: null, NOT_SET: null, N: 1, B: true },
          sourceDateEpoch: 7,
          reproducible: true,
        },
      },
    },
    { env: { FROM_ENV: 'e', CI_TOKEN: 's' } },
  );
  const api = targets.get('api')!;
  assert.deepEqual(api.contexts, {
    base: { kind: 'target', id: 'base' },
    alpine: { kind: 'image', reference: 'alpine:3' },
    bases: { kind: 'oci-layout', path: join(shop.root, 'bases'), tag: 'debian' },
    src: { kind: 'folder', path: join(shop.root, 'web') },
    git: { kind: 'remote', url: 'https://x.test/r.git#main' },
  });
  assert.deepEqual(api.cacheFrom, [
    { type: 'registry', attrs: { ref: 'ghcr.io/x/cache' } },
    { type: 'local', attrs: { src: join(shop.root, 'cache') } },
  ]);
  assert.deepEqual(api.cacheTo, [{ type: 'local', attrs: { dest: join(shop.root, 'cache'), mode: 'max' } }]);
  assert.deepEqual(api.secrets, [
    { id: 'npm', source: { kind: 'file', path: join(shop.root, 'key') } },
    { id: 'token', source: { kind: 'env', name: 'T' } },
    { id: 'CI_TOKEN', source: { kind: 'env', name: 'CI_TOKEN' } },
  ]);
  assert.deepEqual(api.ssh, [
    { id: 'default', paths: [] },
    { id: 'deploy', paths: [join(shop.root, 'key')] },
  ]);
  assert.deepEqual([api.extraHosts, api.shmSize], [{ db: '10.0.0.1', six: '::1' }, 64 * 1024 * 1024]);
  assert.deepEqual(api.ulimits, { nofile: { soft: 1024, hard: 2048 }, nproc: { soft: 5, hard: 5 } });
  assert.deepEqual(api.entitlements, ['network.host']);
  assert.deepEqual(api.annotations, {
    'annotation.a': '1',
    'annotation-index.b': '2',
    'annotation-manifest[linux/amd64].b': '2',
  });
  assert.deepEqual(api.names, ['docker.io/library/app:latest', 'ghcr.io/x/app:1']);
  assert.deepEqual(api.args, { FROM_ENV: 'e', N: '1', B: 'true' });
  assert.deepEqual([api.sourceDateEpoch, api.reproducible], ['7', true]);
});

test('values that mean nothing are told with their places', async () => {
  using shop = new Shop();
  const api = {
    tags: ['ok', 'Not OK'],
    platforms: ['linux/amd64', 'a/b/c/d'],
    output: ['type=ociii,dest=x', 'type=oci'],
    ulimits: { nofile: '9:1' },
    extraHosts: { db: 'host-gateway' },
    entitlements: ['network.hots'],
    secrets: ['src=x'],
    contexts: { x: 'docker-image://UPPER' },
    shmSize: 'big',
  };
  assert.deepEqual(
    (await shop.mistakes({ images: { api } })).map((text) => text.replace(/^(\d+): api: /, '$1 ')),
    [
      '6 invalid reference "Not OK": repository name must be lowercase',
      '10 "a/b/c/d" is not a platform: write os/arch or os/arch/variant, as in linux/amd64',
      '13 there is no output of type ociii; did you mean oci?',
      '14 an output of type oci needs a dest',
      '17 the soft limit 9 is above the hard limit 1',
      '20 "host-gateway" is not an IP address',
      '23 "network.hots" is none of network.host, security.insecure, device; did you mean network.host?',
      '26 a secret needs an id',
      '29 invalid reference "UPPER": repository name must be lowercase',
      '31 "big" is not a size: write bytes, or a text such as "64m"',
    ],
  );
});

test('a Dockerfile or folder that is not there is told, with what was meant', async () => {
  using shop = new Shop();
  const [first] = await shop.mistakes({ images: { api: { context: 'api', dockerfile: 'api/Dockerfile' } } });
  assert.match(
    first!,
    /^5: api: there is no file .*api\/api\/Dockerfile \(dockerfile is relative to the context; write "Dockerfile"/,
  );
  const [second] = await shop.mistakes({ images: { api: { context: 'apo' } } });
  assert.match(second!, /^4: api: there is no folder .*apo/);
  const { workspace } = await shop.resolve(
    { images: { api: { context: 'api' }, broken: { context: 'nope' } } },
    { select: ['api'] },
  );
  assert.ok(workspace);
});

test('without images every Dockerfile is one; with discover they join those that are written', async () => {
  using shop = new Shop('tools/lint.Dockerfile');
  assert.deepEqual(
    new Set(ids(await shop.workspace({}))),
    new Set([
      shop.root
        .split('/')
        .at(-1)!
        .replace(/^[-._]+/, ''),
      'api',
      'lint',
      'web',
    ]),
  );
  const workspace = await shop.workspace({
    discover: { exclude: ['Dockerfile'] },
    defaults: { labels: { a: 'b' } },
    images: { api: { tags: ['api:1'] }, site: { context: 'web' } },
  });
  assert.deepEqual(ids(workspace), ['api', 'lint', 'site']);
  const api = workspace.targets.get('api')!;
  assert.deepEqual(
    [api.context, api.tags, api.labels],
    [{ kind: 'folder', path: join(shop.root, 'api') }, ['api:1'], { a: 'b' }],
  );
  assert.deepEqual(api.origins.get('dockerfile'), { kind: 'discovered', file: 'api/Dockerfile' });
});

test('nothing found, and two of one id, are mistakes that say what to do', async () => {
  using shop = new Shop('old/api/Dockerfile');
  const [twice] = await shop.mistakes({});
  assert.match(twice!, /"api" would be the id of api\/Dockerfile and old\/api\/Dockerfile \(set discover.name/);
  const [nothing] = await shop.mistakes({ discover: { include: ['**/*.docker'] } });
  assert.match(nothing!, /^2: no Dockerfile found below .*: looked for \*\*\/\*.docker/);
});

test('settings of the workspace are read, with absolute folders', async () => {
  using shop = new Shop();
  const { settings, targets } = await shop.workspace({
    images: { api: {} },
    registries: {
      'docker.io': { mirrors: ['./bases', 'https://mirror.test'] },
      'own.test': { ca: 'ca.pem', chunkSize: '50MB' },
    },
    run: { concurrency: 3, continue: 'dependencies-successful', network: 'none', memory: '80%' },
    cache: { dir: '.cache', maxSize: '20GB', maxAge: '1h30m' },
  });
  assert.deepEqual(settings.registries, {
    'docker.io': { mirrors: [join(shop.root, 'bases'), 'https://mirror.test'] },
    'own.test': { ca: [join(shop.root, 'ca.pem')], chunkSize: 50 * 2 ** 20 },
  });
  assert.deepEqual(settings.run, {
    concurrency: 3,
    memory: { share: 0.8 },
    continue: 'dependencies-successful',
  });
  assert.deepEqual(settings.cache, { dir: join(shop.root, '.cache'), maxSize: 20 * 2 ** 30, maxAge: 5400 });
  assert.equal(targets.get('api')!.network, 'none');
  assert.match(
    (await shop.mistakes({ images: { api: {} }, run: { concurrency: 'many' } }))[0]!,
    /^6: run.concurrency is "many"/,
  );
});

test('how steps are run is settled, merged by name and set on the command line', async () => {
  using shop = new Shop();
  const { targets } = await shop.workspace(
    {
      defaults: { resources: { cpus: 2, memory: '4GiB' }, retries: 1 },
      images: { api: { resources: { memory: '1.5g', memorySwap: -1 }, priority: -2, timeout: '1h30m' }, web: {} },
      run: { memory: '8GB', continue: true },
    },
    { set: ['web.resources.cpuset-cpus=0-1', 'web.retries=3', 'web.timeout=90'] },
  );
  const [api, web] = ['api', 'web'].map((id) => targets.get(id)!);
  const cpus = { cpuPeriod: 100_000, cpuQuota: 200_000 };
  assert.deepEqual(api!.resources, { ...cpus, memory: 1.5 * 2 ** 30, memorySwap: -1 });
  assert.deepEqual([api!.priority, api!.timeout, api!.retries], [-2, 5_400_000, 1]);
  assert.deepEqual(web!.resources, { ...cpus, memory: 4 * 2 ** 30, cpusetCpus: '0-1' });
  assert.deepEqual([web!.priority, web!.timeout, web!.retries], [undefined, 90_000, 3]);
});

test('what steps cannot be run with is a mistake at its place', async () => {
  using shop = new Shop();
  const images = {
    api: {
      resources: { cpus: 0, memory: 'lots', cpuQuota: 1.5, cpusetCpus: 'all' },
      priority: 'high',
      timeout: 'soon',
      retries: -1,
    },
  };
  const mistakes = await shop.mistakes({ images });
  assert.deepEqual(
    mistakes.map((each) => each.replace(/^\d+: api: /, '')),
    [
      'cpus: write processors, such as 2 or 0.5',
      'memory: write bytes, or a text such as "4GiB"',
      'cpuQuota: write a number of microseconds above 0',
      'cpusetCpus: write numbers and ranges, such as "0-3,7"',
      '"high" is not a whole number',
      '"soon" is not a time: write seconds, or a text such as "10m"',
      '-1 is below 0',
    ],
  );
  assert.match((await shop.mistakes({ images: { api: { resources: { mem: 1 } } } } as never))[0]!, /mem.*memory/);
  assert.match((await shop.mistakes({ images: { api: {} }, run: { memory: '120%' } }))[0]!, /run.memory is "120%"/);
});

test('an image with define takes no keys that only a Dockerfile understands', async () => {
  using shop = new Shop();
  const define = () => ({ marshal: () => ({ ops: [], metadata: new Map() }) });
  const images = { x: { define, network: 'none', noCache: true, contexts: { a: 'api', b: 'target:x' } } } as const;
  const loaded = {
    root: shop.root,
    config: { images },
    file: undefined,
    prefix: [],
    from: 'evaluation',
    uncached: [],
  } as const;
  const { diagnostics } = await resolveTargets(loaded, { env: {} });
  assert.deepEqual(
    diagnostics.map(({ message }) => message.split(':')[1]!.trim().split(' ').slice(0, 4).join(' ')),
    ['noCache means nothing for', 'network means nothing for', 'an image with define', 'images need each other'],
  );
});
