import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, type MakeScenario } from '../scenario.ts';

/** S1: four stages that sleep meet in a fifth. */
export const parallelStages: MakeScenario = ({ sleep }) => {
  const names = ['a', 'b', 'c', 'd'];
  const stages = names.map((name) => `FROM busybox AS ${name}\nRUN sleep ${sleep} && echo ${name} > /${name}\n`);
  const meet = ['FROM busybox', ...names.map((name) => `COPY --from=${name} /${name} /`), ''];
  const dockerfile = [...stages, ...meet].join('\n');
  return [
    {
      id: 'S1',
      title: `four stages sleep ${sleep} s, met in a fifth`,
      write: (dir) => writeFileSync(join(dir, 'Dockerfile'), dockerfile),
      steps: [
        { name: 'cold', ours: buildFolder(), docker: { kind: 'build' }, goal: 2.4 },
        { name: 'cached', ours: buildFolder(), docker: { kind: 'build' }, times: 3, goal: 0.12 },
      ],
    },
  ];
};
