import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, type MakeScenario } from '../scenario.ts';

/** S3: RUN steps in a row. */
export const runSteps: MakeScenario = ({ runs }) => {
  const steps = Array.from({ length: runs }, (_, i) => `RUN echo ${i} > /${i}`);
  const dockerfile = ['FROM busybox', ...steps, ''].join('\n');
  return [
    {
      id: 'S3',
      title: `${runs} RUN steps in a row`,
      write: (dir) => writeFileSync(join(dir, 'Dockerfile'), dockerfile),
      steps: [
        { name: 'cold, a step', ours: buildFolder(), docker: { kind: 'build' }, per: runs, goal: 0.06 },
        { name: 'cached', ours: buildFolder(), docker: { kind: 'build' }, times: 3, goal: 0.12 },
      ],
    },
  ];
};
