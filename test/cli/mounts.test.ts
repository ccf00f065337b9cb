// What a step is given for its run, with real containers: cache mounts by their three ways to share, networks, agents.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';
import { startAgent } from '../rig/ssh-agent.ts';

/** Two stages with one cache mount at the same time; each runs `script`, where NAME is its own name. */
function pair(sharing: string, script: string): string {
  const stage = (name: string) =>
    `FROM busybox AS ${name}\nRUN --mount=type=cache,id=c,target=/c,sharing=${sharing} NAME=${name}; ${script}\n`;
  const result = 'FROM scratch\nCOPY --from=a /seen /a\nCOPY --from=b /seen /b\n';
  return `${stage('a')}${stage('b')}${result}`;
}

async function seen(rig: Rig): Promise<{ readonly a: string; readonly b: string }> {
  await rig.ok(['build', ...rig.busybox, '-o', 'type=local,dest=out', '.']);
  return { a: readFileSync(rig.path('out/a'), 'utf8'), b: readFileSync(rig.path('out/b'), 'utf8') };
}

// Each leaves its name; who waits for the other one's name knows that they run at once, in one folder or in two.
test('steps that share a cache mount see each other in it', async () => {
  const meet =
    'touch /c/$NAME; for i in $(seq 600); do [ -e /c/a ] && [ -e /c/b ] && break; sleep 0.05; done; ls /c > /seen';
  await using rig = await Rig.open({ Dockerfile: pair('shared', meet) });
  assert.deepEqual(await seen(rig), { a: 'a\nb\n', b: 'a\nb\n' });
});

test('steps that lock a cache mount take turns, and the second has what the first left', async () => {
  const turn = '[ ! -e /c/busy ] || exit 9; touch /c/busy /c/$NAME; sleep 0.3; ls /c > /seen; rm /c/busy';
  await using rig = await Rig.open({ Dockerfile: pair('locked', turn) });
  const { a, b } = await seen(rig);
  const both = 'a\nb\nbusy\n';
  assert.ok((a === both && b === 'b\nbusy\n') || (b === both && a === 'a\nbusy\n'), JSON.stringify({ a, b }));
});

test('steps with a private cache mount have each their own, and both are used again', async () => {
  // Each waits in a shared mount for the other one to have begun.
  const meet = 'for i in $(seq 600); do [ -e /m/a ] && [ -e /m/b ] && break; sleep 0.05; done';
  const script = `touch /m/$NAME /c/$NAME; ${meet}; ls /c > /seen`;
  const dockerfile = pair('private', script).replaceAll('RUN ', 'RUN --mount=type=cache,id=m,target=/m ');
  await using rig = await Rig.open({ Dockerfile: dockerfile });
  assert.deepEqual(await seen(rig), { a: 'a\n', b: 'b\n' });
  await rig.write({
    Dockerfile: 'FROM busybox\nRUN --mount=type=cache,id=c,target=/c,sharing=private ls /c > /seen\n',
  });
  await rig.ok(['build', ...rig.busybox, '-o', 'type=local,dest=out', '.']);
  assert.match(readFileSync(rig.path('out/seen'), 'utf8'), /^[ab]\n$/);
});

test('a step without a network has only loopback; with the machine’s, it has that of the machine', async () => {
  const dockerfile =
    'FROM busybox\nRUN --network=none ls /sys/class/net > /none\nRUN --network=host ls /sys/class/net > /host\n';
  await using rig = await Rig.open({ Dockerfile: dockerfile });
  await rig.ok(['build', '--allow', 'network.host', ...rig.busybox, '-o', 'type=local,dest=out', '.']);
  assert.equal(readFileSync(rig.path('out/none'), 'utf8'), 'lo\n');
  assert.equal(readFileSync(rig.path('out/host'), 'utf8'), await program('sh', ['-c', 'ls /sys/class/net']));
  const { code, stderr } = await rig.cli(['build', ...rig.busybox, '.']);
  assert.equal(code, 1);
  assert.match(stderr, /--allow network\.host/);
});

test('resolv.conf and hosts are those of a build, and in no layer', async () => {
  await using rig = await Rig.open({
    Dockerfile: 'FROM busybox\nRUN cp /etc/resolv.conf /resolv && cp /etc/hosts /hosts\n',
  });
  await rig.ok(['build', '--add-host', 'db=10.0.0.7', ...rig.busybox, '-o', 'type=tar,dest=out.tar', '.']);
  const listed = await program('tar', ['-tf', rig.path('out.tar')]);
  assert.doesNotMatch(listed, /etc\/(?:resolv\.conf|hosts)/);
  const file = (name: string) => program('tar', ['-xOf', rig.path('out.tar'), name]);
  assert.match(await file('hosts'), /^127\.0\.0\.1\s+localhost/m);
  assert.match(await file('hosts'), /^10\.0\.0\.7\s+db$/m);
  const servers = readFileSync('/etc/resolv.conf', 'utf8').match(/^nameserver .*$/gm) ?? [];
  for (const server of servers) assert.ok((await file('resolv')).includes(server), server);
});

test('an ssh agent is reached by the step that asks for it, through a socket that only it has', async () => {
  await using agent = await startAgent();
  await using rig = await Rig.open({
    Dockerfile: `
FROM busybox
COPY tools /
RUN --mount=type=ssh,required test -S $SSH_AUTH_SOCK && ssh-add -L > /keys
RUN test -z "$SSH_AUTH_SOCK"
`,
    tools: {},
  });
  // The machine's ssh-add, with the libraries that it needs.
  const copy = 'tool=$(command -v ssh-add); cp -L --parents $tool $(ldd $tool | grep -o "/[^ ]*") .';
  await program('sh', ['-c', `cd ${rig.path('tools')} && ${copy}`]);
  await rig.ok(['build', '--ssh', `default=${agent.socket}`, ...rig.busybox, '-o', 'type=local,dest=../out', '.']);
  assert.equal(readFileSync(rig.path('../out/keys'), 'utf8').trim(), agent.publicKey);
  const { code, stderr } = await rig.cli(['build', '--no-cache', ...rig.busybox, '.']);
  assert.equal(code, 1);
  assert.match(stderr, /--ssh/);
});
