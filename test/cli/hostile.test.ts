// Contexts, archives and base images that reach for what is outside of them.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';
import { Symlink } from '../rig/tree.ts';

/** A folder that nobody may write to or read from, and links that lead there from wherever they lie. */
function outside(rig: Rig) {
  const path = join(rig.root, 'outside');
  mkdirSync(path);
  writeFileSync(join(path, 'secret'), 'secret');
  const untouched = () => assert.equal(existsSync(join(path, 'written')), false);
  return { path, untouched };
}

test('links in a context never lead out of it', async () => {
  await using rig = await Rig.open();
  const { path } = outside(rig);
  await rig.write({
    absolute: new Symlink(path),
    climbing: new Symlink('../outside'),
    file: new Symlink(join(path, 'secret')),
    'a.Dockerfile': 'FROM scratch\nCOPY absolute/secret /\n',
    'b.Dockerfile': 'FROM scratch\nCOPY climbing/secret /\n',
    'c.Dockerfile': 'FROM scratch\nCOPY file /got\n',
    'd.Dockerfile': 'FROM scratch\nCOPY ../outside/secret /got\n',
    'e.Dockerfile': 'FROM scratch\nCOPY . /all/\n',
    'f.Dockerfile': 'FROM busybox\nRUN --mount=type=bind,source=absolute,target=/m ls /m\n',
  });
  for (const name of ['a', 'b', 'c', 'd', 'f']) {
    const { code, stderr } = await rig.cli(['build', '-f', `${name}.Dockerfile`, ...rig.busybox, '.']);
    assert.equal(code, 1, name);
    assert.doesNotMatch(stderr, /our mistake/, name);
  }
  await rig.ok(['build', '-f', 'e.Dockerfile', '-o', 'type=tar,dest=../all.tar', '.']);
  assert.ok(!readFileSync(rig.path('../all.tar')).includes('secret\n'));
  const listed = await program('tar', ['-tvf', rig.path('../all.tar')]);
  assert.match(listed, /all\/climbing -> \.\.\/outside/);
  assert.doesNotMatch(listed, /all\/climbing\//);
});

test('a Dockerfile and an ignore file outside of the context are found only where they were asked for', async () => {
  await using rig = await Rig.open();
  const { path } = outside(rig);
  writeFileSync(join(path, 'Dockerfile'), 'FROM scratch\nCOPY secret /\n');
  const { code } = await rig.cli(['build', '-f', join(path, 'Dockerfile'), '.']);
  assert.equal(code, 1); // there is no `secret` in the context
});

/** A tar with these entries, as `tar` itself would refuse to make it. */
const tarWith = (script: string, file: string) =>
  program('python3', [
    '-c',
    `import tarfile, io\nt = tarfile.open(${JSON.stringify(file)}, 'w')\n${script}\nt.close()`,
  ]);

const add = `
def add(name, data=b'written'):
    i = tarfile.TarInfo(name); i.size = len(data); t.addfile(i, io.BytesIO(data))
def link(name, to, kind=tarfile.SYMTYPE):
    i = tarfile.TarInfo(name); i.type = kind; i.linkname = to; t.addfile(i)
`;

test('archives that ADD unpacks stay inside, whatever their names and links say', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nADD evil.tar /deep/down/\n' });
  const { path, untouched } = outside(rig);
  for (const [name, script] of Object.entries({
    climbing: `add('../../../../../../../../${path}/written')`,
    absolute: `add('${path}/written')`,
    'through a link': `link('out', '${path}'); add('out/written')`,
    'through a climbing link': `link('out', '../../../../../../../../../../..${path}'); add('out/written')`,
    'through two links': `link('one', '/'); link('two', 'one${path}'); add('two/written')`,
    'a hard link to the outside': `link('mine', '${path}/secret', tarfile.LNKTYPE); add('mine')`,
    'a hard link through a link': `link('out', '${path}'); link('mine', 'out/secret', tarfile.LNKTYPE)`,
  })) {
    await tarWith(add + script, rig.path('evil.tar'));
    const { stderr } = await rig.cli(['build', ...rig.busybox, '-o', 'type=local,dest=../out', '.']);
    assert.doesNotMatch(stderr, /our mistake/, name);
    untouched();
    assert.equal(readFileSync(join(path, 'secret'), 'utf8'), 'secret', name);
    const inside = await program('sh', ['-c', `grep -rlx secret ${rig.path('../out')} 2>/dev/null || true`]);
    assert.equal(inside, '', name);
  }
});

test('a base image whose links lead out leads nowhere: not by COPY, not by a mount, not by WORKDIR, not by ADD', async () => {
  await using rig = await Rig.open({ file: 'written' });
  const { path, untouched } = outside(rig);
  await tarWith(
    `${add}link('out', '${path}'); link('etc', '${path}'); link('up', '../../../../../../../../../..${path}')`,
    rig.path('base.tar'),
  );
  await tarWith(`${add}add('written')`, rig.path('written.tar'));
  await rig.write({ 'base.Dockerfile': 'FROM busybox AS b\nFROM scratch\nCOPY --from=b /bin /bin\nADD base.tar /\n' });
  await rig.ok(['build', '-f', 'base.Dockerfile', '-t', 'evil:latest', ...rig.busybox, '.']);
  for (const [i, lines] of [
    'COPY file /out/written',
    'COPY file /up/written',
    'ADD written.tar /out/',
    'ADD written.tar /etc/',
    'WORKDIR /out/written',
    'RUN --mount=type=bind,target=/out/written true',
    'RUN --mount=type=cache,target=/up/written echo a > /up/written/a',
    'USER nobody\nRUN true',
    'COPY --chown=nobody file /x',
    'COPY --from=evil:latest /out/secret /stolen',
    'COPY --from=evil:latest /up /stolen',
    'RUN --mount=type=bind,from=evil:latest,source=/out,target=/m cat /m/secret > /stolen',
  ].entries()) {
    const file = `${i}.Dockerfile`;
    await rig.write({ [file]: `FROM evil:latest\n${lines}\n` });
    const { stderr } = await rig.cli(['build', '-f', file, '-o', `type=local,dest=../out${i}`, '.']);
    assert.doesNotMatch(stderr, /our mistake/, lines);
    untouched();
    assert.ok(!existsSync(rig.path(`../out${i}/stolen`)) || !existsSync(rig.path(`../out${i}/stolen/secret`)), lines);
    const stolen = await program('sh', ['-c', `grep -rlx secret ${rig.path(`../out${i}`)} 2>/dev/null || true`]);
    assert.equal(stolen, '', lines);
  }
});

test('output into a folder with links in it stays in that folder', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY a /dir/written\n', a: 'a' });
  const { path, untouched } = outside(rig);
  await rig.write({ out: { dir: new Symlink(path) } });
  await rig.ok(['build', '-o', 'type=local,dest=out', '.']);
  untouched();
  assert.equal(readFileSync(rig.path('out/dir/written'), 'utf8'), 'a');
});
