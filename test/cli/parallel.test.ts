import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Rig } from '../rig/rig.ts';

test('four stages run at the same time, each waiting for the others, and meet in a fifth', async () => {
  const names = ['a', 'b', 'c', 'd'];
  // Each says in a folder that all share that it is there, and ends when all are: one after the other none would.
  const stage = (name: string) => `FROM busybox AS ${name}
RUN --mount=type=cache,id=meeting,target=/meeting <<'END'
touch /meeting/${name}
for look in $(seq 1200); do
  [ "$(ls /meeting | wc -l)" = ${names.length} ] && exec echo ${name} > /${name}
  sleep 0.05
done
echo only $(ls /meeting) came >&2
exit 1
END
`;
  const meet = ['FROM scratch', ...names.map((name) => `COPY --from=${name} /${name} /`)].join('\n');
  await using rig = await Rig.open({ Dockerfile: `${names.map(stage).join('\n')}\n${meet}\n`, out: {} });
  await rig.ok(['build', ...rig.busybox, '-o', 'type=local,dest=out', '.']);
  for (const name of names) assert.equal(readFileSync(rig.path('out', name), 'utf8'), `${name}\n`);
});

test('four stages that sleep two seconds meet in a fifth before three are over', async () => {
  const stage = (name: string) => `FROM busybox AS ${name}\nRUN sleep 2 && echo ${name} > /${name}\n`;
  const names = ['a', 'b', 'c', 'd'];
  const meet = ['FROM busybox', ...names.map((name) => `COPY --from=${name} /${name} /`)].join('\n');
  await using rig = await Rig.open({
    Dockerfile: `${names.map(stage).join('\n')}\n${meet}\n`,
    warm: { Dockerfile: 'FROM busybox\nRUN true\n' },
  });
  await rig.ok(['build', ...rig.busybox, './warm']); // the base is unpacked
  // The machine may be busy with something else for a moment: the best of three counts.
  const seconds: number[] = [];
  while (seconds.length < 3 && !seconds.some((each) => each < 3)) {
    const started = performance.now();
    await rig.ok(['build', '--no-cache', ...rig.busybox, '.']);
    seconds.push((performance.now() - started) / 1000);
  }
  assert.ok(Math.min(...seconds) < 3, `took ${seconds.map((each) => each.toFixed(2)).join(', ')} s`);
});
