import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig } from '../rig/rig.ts';

test('four stages that sleep two seconds meet in a fifth before three are over', async () => {
  const stage = (name: string) => `FROM busybox AS ${name}\nRUN sleep 2 && echo ${name} > /${name}\n`;
  const names = ['a', 'b', 'c', 'd'];
  const meet = ['FROM busybox', ...names.map((name) => `COPY --from=${name} /${name} /`)].join('\n');
  await using rig = await Rig.open({
    Dockerfile: `${names.map(stage).join('\n')}\n${meet}\n`,
    warm: { Dockerfile: 'FROM busybox\nRUN true\n' },
  });
  await rig.ok(['build', ...rig.busybox, './warm']); // the base is unpacked
  const started = performance.now();
  await rig.ok(['build', ...rig.busybox, '.']);
  const seconds = (performance.now() - started) / 1000;
  assert.ok(seconds < 3, `took ${seconds.toFixed(2)} s`);
});
