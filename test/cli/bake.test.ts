// Bake and compose files as workspaces, built with real containers.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { Rig } from '../rig/rig.ts';

const busybox = `oci-layout://${busyboxLayout()}`;

const bake = `
variable "GREETING" { default = "hello" }
group "default" { targets = ["site"] }
group "all" { targets = ["api", "site", "workers"] }
target "_base" { contexts = { busybox = "${busybox}" } }
target "api" {
  inherits = ["_base"]
  context  = "api"
  args     = { GREETING = "\${upper(GREETING)} $\${literal}" }
}
target "site" {
  inherits = ["_base"]
  context  = "site"
  contexts = { api = "target:api" }
  output   = ["type=local,dest=out/site"]
}
target "workers" {
  name     = "worker-\${queue}"
  matrix   = { queue = ["mail", "pdf"] }
  inherits = ["_base"]
  args     = { QUEUE = queue }
  output   = ["type=local,dest=out/\${queue}"]
  dockerfile-inline = <<-EOT
    FROM busybox AS b
    ARG QUEUE
    RUN echo "$QUEUE" > /queue
    FROM scratch
    COPY --from=b /queue /
  EOT
}
`;

const files = {
  'docker-bake.hcl': bake,
  'api/Dockerfile': 'FROM busybox\nARG GREETING\nRUN echo "$GREETING" > /greeting\n',
  'site/Dockerfile': 'FROM scratch\nCOPY --from=api /greeting /index\n',
};

test('the targets of a bake file are found and built, each from what it names', async () => {
  await using rig = await Rig.open(files);
  const read = (name: string) => readFileSync(rig.path('out', name), 'utf8');
  await rig.ok(['build', 'all']);
  assert.equal(read('site/index'), 'HELLO ${literal}\n');
  assert.deepEqual([read('mail/queue'), read('pdf/queue')], ['mail\n', 'pdf\n']);
  // Bare, it is the group default; --set reaches what an image is built from.
  await rig.ok(['build', '--set', 'api.args.GREETING=set']);
  assert.equal(read('site/index'), 'set\n');
  await rig.ok(['build', '--var', 'GREETING=var', '-f', 'docker-bake.hcl', 'site']);
  assert.equal(read('site/index'), 'VAR ${literal}\n');
});

test('a service of a compose file is built, with its .env, its secrets and another service', async () => {
  await using rig = await Rig.open({
    'compose.yaml': `
services:
  db: { image: postgres }
  base:
    build:
      context: base
      args: [ "WORD=\${WORD:-none}", EMPTY ]
      additional_contexts: { busybox: "${busybox}" }
      secrets: [ token ]
  app:
    image: example/app
    build:
      dockerfile_inline: |
        FROM scratch
        COPY --from=base /word /secret /
      additional_contexts: [ "base=service:base" ]
      x-bake: { output: "type=local,dest=out" }
secrets:
  token: { file: token.txt }
`,
    '.env': 'WORD=from-dotenv\n',
    'token.txt': 'hidden',
    'base/Dockerfile':
      'FROM busybox\nARG WORD\nRUN echo "$WORD" > /word\nRUN --mount=type=secret,id=token wc -c < /run/secrets/token > /secret\n',
  });
  await rig.ok(['build', 'app']);
  assert.equal(readFileSync(rig.path('out/word'), 'utf8'), 'from-dotenv\n');
  assert.equal(readFileSync(rig.path('out/secret'), 'utf8').trim(), '6');
});

test('a config mixes bake targets with its own images, and no id is two', async () => {
  const config = {
    sources: ['docker-bake.hcl'],
    images: {
      report: {
        dockerfileInline: 'FROM scratch\nCOPY --from=api /greeting /report\n',
        contexts: { api: 'target:api' },
        output: 'type=local,dest=out/report',
      },
    },
  };
  await using rig = await Rig.open({ ...files, 'buildkit.config.json': JSON.stringify(config) });
  await rig.ok(['build', 'report']);
  assert.equal(readFileSync(rig.path('out/report/report'), 'utf8'), 'HELLO ${literal}\n');
  await using clashing = await Rig.open({
    ...files,
    'buildkit.config.json': JSON.stringify({ ...config, images: { api: { context: 'api' } } }),
  });
  const { code, stderr } = await clashing.cli(['build', 'all']);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /api is an image here, and a target of a bake or compose file\n {2}buildkit\.config\.json:1:\d+/,
  );
});

/** Tells on standard error which modules of ours that read files are loaded. */
const hook = `import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) {
  if (/\\/src\\/(hcl|bake|compose)\\/|node_modules\\/yaml\\//.test(url)) process.stderr.write('LOADED ' + url + '\\n');
  return next(url, context);
} });`;

test('where nothing has changed nothing is read; a new override file, and .env, are seen', async () => {
  await using rig = await Rig.open({
    'docker-bake.hcl': `variable "V" { default = "1" }\ntarget "app" {\n  contexts = { busybox = "${busybox}" }\n  args = { V = V }\n}\n`,
    'compose.yaml': 'services: { other: { build: { context: ./other, args: [ "E=${E:-1}" ] } } }\n',
    Dockerfile: 'FROM busybox\nARG V\nRUN echo $V > /v\n',
    'other/Dockerfile': 'FROM scratch\nARG E\nLABEL e=$E\nCOPY . /\n',
  });
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(hook)}` };
  const build = async () => {
    const { stdout, stderr } = await rig.ok(['build', '-q', 'all'], { env });
    return { stdout, loaded: stderr.includes('LOADED') };
  };
  /** Builds until the answer is kept: the first build may be too close to the writing of its files. */
  const settled = async () => {
    for (let attempt = 0; attempt < 6; attempt++) {
      const built = await build();
      if (!built.loaded) return built.stdout;
    }
    return assert.fail('the answer is never kept');
  };
  assert.ok((await build()).loaded, 'the files are read once');
  const first = await settled();
  await rig.write({ 'docker-bake.override.hcl': 'V = "2"\n' });
  const second = await settled();
  assert.notEqual(second, first);
  await rig.write({ '.env': 'E=2\n' });
  assert.notEqual(await settled(), second);
});

test('mistakes are told with file, line and a marker', async () => {
  await using rig = await Rig.open({
    'docker-bake.hcl': 'target "app" {\n  contxt = "."\n  tags   = [TAGG]\n}\nvariable "TAG" {}\n',
  });
  const { code, stderr } = await rig.cli(['build']);
  assert.equal(code, 2);
  assert.match(stderr, /error: a target has no attribute contxt\n {2}docker-bake\.hcl:2:3\n/);
  assert.match(stderr, /\^{6} did you mean context\?/);
});
