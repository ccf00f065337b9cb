// Going into failed steps, with real containers: in processes of their own, as on the next day.

import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { emulatorOf, foreignBusybox } from '../rig/foreign.ts';
import { leftOf } from '../rig/left.ts';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';
import { atTerminal } from '../rig/terminal.ts';

interface Row {
  readonly id: string;
  readonly description: string;
  readonly recordType: string;
}

async function usage(rig: Rig): Promise<readonly Row[]> {
  return JSON.parse((await rig.ok(['du', '--json'])).stdout) as Row[];
}

async function keptOf(rig: Rig): Promise<readonly Row[]> {
  return (await usage(rig)).filter(({ recordType }) => recordType === 'exec.failed');
}

/** A step with everything that a RUN can have, which fails after it has written. */
const everything = `
FROM busybox AS tools
RUN echo tool > /tool && mkdir -m 777 /open
FROM busybox AS build
ENV GREETING=hello
RUN echo joe:x:1000:1000::/src:/bin/sh >> /etc/passwd && mkdir /src && chown 1000 /src
WORKDIR /src
USER joe
RUN --mount=from=tools,target=/tools --mount=type=bind,target=/context --mount=from=tools,source=/open,target=/drafts,rw \\
  --mount=type=cache,target=/notes,uid=1000 --mount=type=tmpfs,target=/scratch \\
  --mount=type=secret,id=token,uid=1000 --mount=type=secret,id=key,env=KEY --network=none \\
  test -s /run/secrets/token && echo made > made && echo draft > /drafts/one && echo note > /notes/note && exit 7
`;

async function failed(files = {}): Promise<Rig> {
  const rig = await Rig.open({ Dockerfile: everything, 'a.txt': 'a', ...files });
  const secrets = ['--secret', 'id=token,src=../token', '--secret', 'id=key,env=KEY'];
  writeFileSync(rig.path('../token'), 'hush-hush');
  const env = { KEY: 'whispered' };
  const { code, stderr } = await rig.cli(['build', ...rig.busybox, ...secrets, '.'], { env });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /debug: +cli shell project#build:3$/m);
  return rig;
}

test('a failed step is entered as it left its files, by another process, with its mounts, user, folder and network', async () => {
  await using rig = await failed();
  const script = `
id -u; pwd; cat made /notes/note /tools/tool /context/a.txt; echo; echo $GREETING
echo more > /drafts/two; ls /drafts; grep -c ' /scratch tmpfs' /proc/mounts; ls /sys/class/net
exit 5`;
  const { code, stdout, stderr } = await rig.cli(['shell', 'project#build:3', '--', 'sh', '-c', script]);
  const told = ['1000', '/src', 'made', 'note', 'tool', 'a', 'hello', 'one', 'two', '1', 'lo', ''];
  assert.equal(stdout, told.join('\n'), stderr);
  assert.equal(code, 5);
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('what is written in a failed step is thrown away, and --before has what was there before it', async () => {
  await using rig = await failed();
  const here = (...words: readonly string[]) => rig.cli(['shell', '@last', ...words]);
  assert.equal(
    (await here('--', 'sh', '-c', 'echo changed > made; rm -r /bin/nothing; touch new; ls')).stdout,
    'made\nnew\n',
  );
  assert.equal((await here('--', 'ls')).stdout, 'made\n');
  assert.equal((await here('--', 'cat', 'made')).stdout, 'made\n');
  assert.equal((await here('--before', '--', 'ls', '-A')).stdout, '');
});

test('secrets are kept nowhere: they are missing until they are lent again', async () => {
  await using rig = await failed();
  for (const secret of ['hush-hush', 'whispered']) {
    const found = await program('sh', ['-c', `grep -rl ${secret} "$1" || true`, 'sh', rig.cacheDir]);
    assert.equal(found, '');
  }
  const look = ['--', 'sh', '-c', 'cat /run/secrets/token; echo "$KEY."'];
  const without = await rig.cli(['shell', '@last', ...look]);
  assert.match(without.stderr, /missing: secret token.*--secret id=token,src=FILE/);
  assert.match(without.stderr, /missing: secret key/);
  assert.equal(without.stdout, '.\n');
  const secrets = ['--secret', 'id=token,src=../token', '--secret', 'id=key,env=KEY'];
  const lent = await rig.cli(['shell', '@last', ...secrets, ...look], { env: { KEY: 'whispered' } });
  assert.doesNotMatch(lent.stderr, /missing/);
  assert.equal(lent.stdout, 'hush-hushwhispered.\n');
});

test('an image of a workspace is lent what its config says', async () => {
  await using rig = await Rig.open({
    'buildkit.config.ts': `export default { images: { web: { context: 'web', secrets: ['id=token,src=token'] } } };`,
    token: 'hush',
    web: { Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=token false\n' },
  });
  assert.equal((await rig.cli(['build', 'web', ...rig.busybox])).code, 1);
  const { stdout, stderr } = await rig.cli(['shell', 'web', '--', 'cat', '/run/secrets/token']);
  assert.equal(stdout, 'hush', stderr);
});

test('--replay runs the failed command again on what was there before, and exits as it does', async () => {
  await using rig = await Rig.open({
    Dockerfile:
      'FROM busybox\nRUN --mount=type=cache,target=/n [ ! -e /seen ] && touch /seen && echo run >> /n/runs && exit 3\n',
  });
  assert.equal((await rig.cli(['build', ...rig.busybox, '.'])).code, 1);
  for (const _ of [1, 2]) assert.equal((await rig.cli(['shell', '--replay'])).code, 3);
  assert.equal((await rig.ok(['shell', '--', 'cat', '/n/runs'])).stdout, 'run\nrun\nrun\n');
  const again = await rig.cli(['shell', '--before', '--', 'sh', '-c', 'eval "$CMD"']);
  assert.equal(again.code, 3);
  assert.equal((await rig.cli(['shell', '--before', '--', '/.monokit/rerun'])).code, 3);
});

test('exit codes are those of the process, of what kills it, and of what cannot be started', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN touch /plain; false\n' });
  assert.equal((await rig.cli(['build', ...rig.busybox, '.'])).code, 1);
  const code = async (...words: readonly string[]) => (await rig.cli(['shell', '--', ...words])).code;
  assert.equal(await code('true'), 0);
  assert.equal(await code('sh', '-c', 'exit 42'), 42);
  assert.equal(await code('sh', '-c', 'sh -c "kill -9 \\$\\$"; exit $?'), 137);
  const mistaken = await rig.cli(['shell', '--', 'sh', '-c', 'exit 2']);
  assert.deepEqual([mistaken.code, mistaken.stderr], [2, ''], 'what a code means is said of cli’s own alone');
  assert.equal(await code('no-such-program'), 127);
  assert.equal(await code('/plain'), 126);
  const { code: read, stdout } = await rig.cli(['shell'], { stdin: 'cat /etc/hostname; pwd; exit 4\n' });
  assert.deepEqual([read, stdout.split('\n').at(-2)], [4, '/']);
});

test('a tree without a shell gets the machine’s busybox', async () => {
  await using rig = await Rig.open({
    Dockerfile: 'FROM scratch\nCOPY tool /tool\nENV PATH=/\nRUN ["/tool", "false"]\n',
  });
  cpSync((await program('sh', ['-c', 'command -v busybox'])).trim(), rig.path('tool'), { dereference: true });
  assert.equal((await rig.cli(['build', '.'])).code, 1);
  const { stdout, stderr } = await rig.cli(['shell'], {
    stdin: 'ls /; wc -l < /proc/mounts > /lines && echo written\n',
  });
  assert.match(stderr, /busybox stands in \/\.monokit\/bin/);
  assert.match(stdout, /^tool$/m);
  assert.match(stdout, /^written$/m);
  assert.equal((await rig.cli(['shell', '--', 'basename', '/a/b'])).stdout, 'b\n');
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('a shell at a terminal has its size and keys, and Ctrl-C is its own', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo made > /made && exit 6\n' });
  assert.equal((await rig.cli(['build', ...rig.busybox, '.'])).code, 1);
  using terminal = atTerminal(rig, ['shell'], { rows: 30, cols: 100 });
  const head = await terminal.read(/\/ # /);
  assert.match(head, /project:1 {2}\[1\/2\] RUN echo made/);
  assert.match(head, /Dockerfile:2/);
  assert.match(head, /exit code: 6/);
  assert.match(head, /thrown away/);
  terminal.write('stty size; cat /made; echo $TERM\r');
  await terminal.read(/30 100\r\nmade\r\nxterm\r\n/);
  terminal.resize({ rows: 41, cols: 120 });
  // The process is told a moment later.
  terminal.write('until [ "$(stty size)" = "41 120" ]; do sleep 0.05; done; echo res""ized\r');
  await terminal.read('resized');
  // Said by a process that has the terminal already: Ctrl-C while the shell gives it away reaches only the shell.
  terminal.write(`sh -c 'echo be""gun; exec sleep 1000'\r`);
  await terminal.read('begun');
  terminal.write('\u0003');
  terminal.write('echo go""ing on\r');
  await terminal.read('going on');
  terminal.write('exit 9\r');
  assert.equal(await terminal.done, 9);
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('a good image is entered, a stage of it, and the tree after one of its steps', async () => {
  await using rig = await Rig.open({
    'buildkit.config.ts': `export default { images: { api: { context: 'api' } } };`,
    api: {
      Dockerfile: `
FROM busybox AS build
WORKDIR /src
RUN echo one > one
RUN echo two > two
FROM busybox
COPY --from=build /src /app
ENV NAME=api
WORKDIR /app
USER 12
`,
    },
  });
  await rig.ok(['build', 'api', ...rig.busybox]);
  const look = async (where: string, ...words: readonly string[]) =>
    (await rig.ok(['shell', where, ...rig.busybox, '--', ...words])).stdout;
  assert.equal(await look('api', 'sh', '-c', 'id -u; pwd; echo $NAME; ls'), '12\n/app\napi\none\ntwo\n');
  assert.equal(await look('api#build', 'ls'), 'one\ntwo\n');
  assert.equal(await look('api#build:2', 'ls'), 'one\n');
  assert.equal(await look('./api', 'ls'), 'one\ntwo\n');
  const { code, stderr } = await rig.cli(['shell', 'api#build:9', ...rig.busybox, '--', 'ls']);
  assert.equal(code, 2);
  assert.match(stderr, /no such step/);
});

test('an image is entered where its last build failed, and as it was built once it is good again', async () => {
  await using rig = await Rig.open({
    'buildkit.config.ts': `export default { images: { api: { context: 'api' } } };`,
    api: { Dockerfile: 'FROM busybox\nARG OK\nRUN touch /tried && [ -n "$OK" ]\nRUN touch /done\n' },
  });
  const look = async (...flags: readonly string[]) =>
    (await rig.cli(['shell', 'api', ...flags, '--', 'ls', '/done', '/tried'])).stdout;
  assert.equal((await rig.cli(['build', 'api', ...rig.busybox])).code, 1);
  assert.equal(await look(), '/tried\n');
  await rig.ok(['build', 'api', ...rig.busybox, '--build-arg', 'OK=1']);
  assert.equal(await look(...rig.busybox, '--build-arg', 'OK=1'), '/done\n/tried\n');
  assert.equal((await rig.cli(['shell', '@last', '--', 'ls', '/done'])).code, 1);
});

test('an image that fails while it is built for a shell says how to enter that step', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN touch /here; exit 8\n' });
  const { code, stderr } = await rig.cli(['shell', ...rig.busybox, '.']);
  assert.equal(code, 1);
  const [, line] = /debug: +cli (.*)$/m.exec(stderr) ?? [];
  assert.ok(line, stderr);
  await rig.ok([...line.split(' '), '--', 'test', '-e', '/here']);
});

test('the last failure of each step is kept, ten at most; prune takes them, and what they stand on stays until then', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN date +%N > /when; exit 1\n' });
  for (const _ of [1, 2]) await rig.cli(['build', ...rig.busybox, '.']);
  assert.equal((await keptOf(rig)).length, 1);
  const trees = (await usage(rig)).length;
  for (let i = 0; i < 11; i++) {
    await rig.write({ Dockerfile: `FROM busybox\nRUN echo ${i} > /number; exit 1\n` });
    await rig.cli(['build', ...rig.busybox, '.']);
  }
  assert.equal((await keptOf(rig)).length, 10);
  assert.equal((await usage(rig)).length, trees + 9, 'what is dropped leaves nothing');
  assert.equal((await rig.ok(['shell', '--', 'cat', '/number'])).stdout, '10\n');
  await rig.ok(['prune', '--keep-duration', '1h']);
  assert.equal((await rig.ok(['shell', '--', 'cat', '/number'])).stdout, '10\n');
  await rig.ok(['prune']);
  assert.deepEqual(await usage(rig), []);
  const { code, stderr } = await rig.cli(['shell']);
  assert.equal(code, 2);
  assert.match(stderr, /no step of this workspace that failed is kept\n {2}none is kept/);
});

test('a shell holds its step against prune, and leaves nothing when it is killed', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN touch /made; exit 1\n' });
  await rig.cli(['build', ...rig.busybox, '.']);
  const { child, told, done } = rig.start(['shell', '--', 'sh', '-c', 'echo inside; sleep 1000']);
  await told('inside');
  await rig.ok(['prune', '--all']);
  assert.equal((await keptOf(rig)).length, 1);
  child.kill('SIGKILL');
  await done;
  assert.equal((await rig.ok(['shell', '--', 'ls', '/made'])).stdout, '/made\n');
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('steps that succeed leave nothing behind, and events tell what is kept', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN touch /a\nARG FAIL\nRUN [ -z "$FAIL" ]\n' });
  await rig.ok(['build', ...rig.busybox, '.']);
  assert.deepEqual(await keptOf(rig), []);
  const { stdout } = await rig.cli(['build', '--json', '--build-arg', 'FAIL=1', ...rig.busybox, '.']);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly type: string; readonly step?: string });
  const kept = events.filter(({ type }) => type === 'step.kept');
  const ended = events.filter((event) => event.type === 'step.end' && 'error' in event);
  assert.deepEqual(
    kept.map(({ step }) => step),
    ended.map(({ step }) => step),
  );
});

test('a failed step of another platform is entered as it ran, by the emulator', async () => {
  const foreign = foreignBusybox();
  using _emulator = emulatorOf(foreign);
  await using rig = await Rig.open({
    Dockerfile:
      'FROM scratch\nCOPY busybox /bin/sh\nRUN ["/bin/sh", "-c", "echo $(busybox uname -m) > /machine; exit 1"]\n',
  });
  cpSync(foreign.path, rig.path('busybox'));
  const { code, stderr } = await rig.cli(['build', '--platform', `linux/${foreign.architecture}`, '.']);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /did not complete successfully: exit code: 1/);
  const { stdout } = await rig.ok(['shell'], { stdin: 'uname -m\n' });
  assert.equal(stdout, `${foreign.machine}\n`);
});

test('a step that takes too long is kept as it was when it was stopped', async () => {
  await using rig = await Rig.open({
    'buildkit.config.ts': `export default { images: { api: { context: 'api', timeout: '2s' } } };`,
    api: { Dockerfile: 'FROM busybox\nRUN touch /before; sleep 1000\n' },
  });
  const { code, stderr } = await rig.cli(['build', 'api', ...rig.busybox]);
  assert.equal(code, 1);
  assert.match(stderr, /timed out/);
  assert.equal((await rig.ok(['shell', '--', 'ls', '/before'])).stdout, '/before\n');
});

test('the step that a run was at when its time was up is kept, and one that somebody stopped is not', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN touch /before; echo begun; sleep 1000\n' });
  const build = ['build', '--progress', 'plain', ...rig.busybox, '.'];
  const stopped = rig.start(build);
  await stopped.told(' begun\n');
  stopped.child.kill('SIGINT');
  assert.equal((await stopped.done).code, 130);
  assert.deepEqual(await keptOf(rig), []);
  // As long as this machine takes until the step has begun.
  let [seconds, outcome] = [3, await rig.cli([...build, '--timeout', '3s'])];
  while (!/, at /.test(outcome.stderr) && seconds < 48)
    outcome = await rig.cli([...build, '--timeout', `${(seconds *= 2)}s`]);
  assert.equal(outcome.code, 1);
  assert.match(outcome.stderr, / Failed: {2}timed out after \d+s, at project:1\n *Debug: {2}cli shell project:1\n/);
  assert.equal((await rig.ok(['shell', '--', 'ls', '/before'])).stdout, '/before\n');
});

test('a build that is killed at any moment of keeping a step leaves a cache that keeps the next one', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo gone; touch /made; exit 1\n' });
  await rig.cli(['build', ...rig.busybox, '.']);
  for (const delay of [0, 5, 10, 20, 40, 80]) {
    const { child, told, done } = rig.start(['build', '--progress', 'plain', ...rig.busybox, '.']);
    await told(' gone\n');
    await wait(delay);
    child.kill('SIGKILL');
    await done;
  }
  await rig.cli(['build', ...rig.busybox, '.']);
  assert.equal((await rig.ok(['shell', '--', 'ls', '/made'])).stdout, '/made\n');
  assert.equal((await keptOf(rig)).length, 1);
  await rig.ok(['prune', '--all']);
  assert.deepEqual(await usage(rig), []);
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('the last failed step is that of this workspace, from any folder of it, and words that mean nothing are told', async () => {
  await using rig = await Rig.open({
    one: {
      'buildkit.config.ts': `export default { images: { app: { context: 'app' }, lib: { context: 'lib' } } };`,
      app: { Dockerfile: 'FROM busybox AS run\nRUN echo one > /mine && exit 1\n' },
      lib: { Dockerfile: 'FROM busybox\n' },
    },
    two: { Dockerfile: 'FROM busybox\nRUN echo two > /mine && exit 1\n' },
    three: {},
  });
  const within = (folder: string, ...args: string[]) => rig.cli(args, { through: ['env', '-C', rig.path(folder)] });
  await within('one', 'build', 'all', ...rig.busybox);
  await within('two', 'build', '.', ...rig.busybox);
  for (const folder of ['one', 'one/app', 'one/lib']) {
    const { stdout, stderr } = await within(folder, 'shell', '--', 'cat', '/mine');
    assert.equal(stdout, 'one\n', `${folder}: ${stderr}`);
  }
  assert.equal((await within('two', 'shell', '@last', '--', 'cat', '/mine')).stdout, 'two\n');
  const none = await within('three', 'shell');
  assert.equal(none.code, 2);
  assert.match(
    none.stderr,
    /no step of this workspace that failed is kept\n {2}kept are two:1, app:1, of other workspaces\n/,
  );

  const stage = await within('one', 'shell', 'app#rnu:9', '--built', ...rig.busybox);
  assert.equal(stage.code, 2);
  assert.match(stage.stderr, /^error: app has no stage "rnu"\n {2}did you mean run\?/m);
  assert.doesNotMatch(stage.stderr, /went wrong/);
});
