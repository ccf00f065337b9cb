// A watch at a terminal: its keys, its last line, and the terminal as it was afterwards.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { chrooted } from '../rig/chrooted.ts';
import { bin, Rig } from '../rig/rig.ts';
import { atTerminal, programAtTerminal } from '../rig/terminal.ts';

const contexts = { busybox: `oci-layout://${busyboxLayout()}` };
const size = { rows: 24, cols: 120 };

const stepped =
  'FROM busybox\nCOPY src /src\nRUN echo from the step; cat /src/a; test "$(cat /src/a)" != bad\nCMD ["sleep", "1000"]\n';

/** A workspace of one image, `api`. */
function open(Dockerfile: string = stepped) {
  return Rig.open({
    'buildkit.config.json': JSON.stringify({
      discover: true,
      defaults: { contexts },
      images: { api: { watch: { stopSignal: 'KILL' } } },
    }),
    api: { Dockerfile, src: { a: 'one' } },
  });
}

test('keys build again, answer with logs and causes, enter the container, and end', { skip: chrooted }, async () => {
  await using rig = await open();
  using terminal = atTerminal(rig, ['watch', 'all', '--up'], size);
  await terminal.read('api  started');
  await terminal.read(/watching \d+ files in 1 image · last \S+ ✔ api · r a w l f d e q \?/);
  terminal.write('?');
  await terminal.read('q  end');
  terminal.write('l');
  await terminal.read('from the step');
  await terminal.read('watching');
  rig.put('api/src/a', 'two');
  await terminal.read('api  restarted');
  await terminal.read('watching');
  terminal.write('w');
  await terminal.read('api/src/a');
  await terminal.read('watching');
  terminal.write('d');
  await terminal.read('src/a');
  await terminal.read('watching');
  terminal.write('e');
  await terminal.read('# ');
  terminal.write('cat /src/a; hostname\n');
  await terminal.read(/two\r?api\r\n/);
  // What the container writes meanwhile does not land in the shell.
  terminal.write('echo sa""id > /proc/1/fd/1; echo do""ne\n');
  assert.doesNotMatch(await terminal.read('done'), /said/);
  terminal.write('exit\n');
  await terminal.read('api | said');
  await terminal.read('watching');
  rig.put('api/src/a', 'bad');
  await terminal.read('last');
  await terminal.read('✖ api · r');
  terminal.write('e');
  await terminal.read(/[#$] /);
  terminal.write('cat /src/a; exit\n');
  await terminal.read('bad');
  await terminal.read('watching');
  terminal.write('f');
  await terminal.read('exit code: 1');
  await terminal.read('watching');
  // As it was before it failed: nothing runs, and all is well again.
  rig.put('api/src/a', 'two');
  await terminal.read(/last \S+ ✔ api · r/);
  rig.put('api/src/a', 'bad');
  await terminal.read('✖ api · r');
  terminal.write('q');
  assert.equal(await terminal.done, 1);
});

test('a container without a shell is lent one, and a step that wrote nothing says so', { skip: chrooted }, async () => {
  await using rig = await open(
    'FROM scratch\nCOPY --from=busybox /bin/busybox /tool/busybox\nCOPY src /src\nCMD ["/tool/busybox", "sleep", "1000"]\n',
  );
  using terminal = atTerminal(rig, ['watch', 'all', '--up'], size);
  await terminal.read('api  started');
  await terminal.read('watching');
  terminal.write('l');
  await terminal.read('COPY src /src wrote nothing');
  for (const _ of ['the first time', 'as it was lent']) {
    terminal.write('e');
    await terminal.read("this machine's busybox stands in /.monokit/bin");
    await terminal.read('# ');
    terminal.write('cat /src/a; hostname; ls /.monokit/bin/sh\n');
    await terminal.read(/one\r?api\r\n\/\.monokit\/bin\/sh\r\n/);
    terminal.write('exit\n');
    await terminal.read('watching');
  }
  terminal.write('q');
  assert.equal(await terminal.done, 0);
});

test('the terminal is what it was, whether the watch ends or stops for a while', async () => {
  await using rig = await open();
  using terminal = programAtTerminal(rig, ['setsid', '-cw', 'bash', '--norc', '-i'], size);
  const settings = async () => {
    terminal.write('stty -g\n');
    return /[0-9a-f:]{60,}/.exec(await terminal.read(/[0-9a-f:]{60,}\r\n/))![0];
  };
  await terminal.read(/[#$] /);
  const before = await settings();
  for (const end of ['\u0003', 'q']) {
    terminal.write(`${bin} watch all\n`);
    await terminal.read(/watching .* q \?/);
    terminal.write('\u001A');
    await terminal.read('Stopped');
    assert.equal(await settings(), before);
    terminal.write('fg\n');
    await terminal.read('watch all');
    rig.put('api/src/a', end);
    await terminal.read('api/src/a → api');
    await terminal.read(/last .* q \?/);
    terminal.write(end);
    await terminal.read(/[#$] /);
    assert.equal(await settings(), before);
  }
});
