import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxLayout } from '../../test/rig/bases.ts';
import type { MakeScenario } from '../scenario.ts';

/** S6: a workspace of images that share a base of six steps, each with a folder of its own. */
export const workspace: MakeScenario = ({ targets }) => {
  const names = Array.from({ length: targets }, (_, i) => `app${i}`);
  const docker = { kind: 'build-all', dockerfiles: names.map((name) => `${name}.Dockerfile`) } as const;
  return [
    {
      id: 'S6',
      title: `workspace of ${targets} targets`,
      write: (dir) => writeWorkspace(dir, names),
      steps: [
        { name: 'cold', ours: ['build', 'all'], docker },
        { name: 'cached', ours: ['build', 'all'], docker, times: 3, goal: 0.15 },
        { name: 'print', ours: ['print', 'all'], times: 3 },
      ],
    },
  ];
};

const base = [
  'FROM busybox',
  ...[1, 2, 3].map((i) => `RUN echo ${i} >> /steps`),
  'COPY shared /shared',
  ...[4, 5].map((i) => `RUN echo ${i} >> /steps`),
];

function writeWorkspace(dir: string, names: readonly string[]): void {
  mkdirSync(join(dir, 'shared'));
  writeFileSync(join(dir, 'shared', 'common.txt'), 'common\n');
  for (const name of names) {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'main.txt'), `${name}\n`);
    writeFileSync(join(dir, `${name}.Dockerfile`), [...base, `COPY ${name} /app`, ''].join('\n'));
  }
  const contexts = { busybox: `oci-layout://${busyboxLayout()}` };
  const images = Object.fromEntries(names.map((name) => [name, { dockerfile: `${name}.Dockerfile`, contexts }]));
  writeFileSync(join(dir, 'buildkit.config.mjs'), `export default ${JSON.stringify({ images }, null, 2)};\n`);
}
