import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, type MakeScenario, type Scenario } from '../scenario.ts';

/** S4: a chain of stages, each of which copies from the one before; and a fan of stages that one copies from. */
export const chainAndFan: MakeScenario = ({ stages }) => {
  const goals = { cold: 5, cached: 0.12 };
  return [
    scenario(`chain of ${stages} stages`, chain(stages), goals),
    scenario(`fan of ${stages - 1} stages into one`, fan(stages - 1)),
  ];
};

function scenario(title: string, lines: readonly string[], goals?: { readonly cold: number; readonly cached: number }) {
  return {
    id: 'S4',
    title,
    write: (dir) => writeFileSync(join(dir, 'Dockerfile'), `${lines.join('\n')}\n`),
    steps: [
      { name: 'cold', ours: buildFolder(), docker: { kind: 'build' }, ...(goals && { goal: goals.cold }) },
      {
        name: 'cached',
        ours: buildFolder(),
        docker: { kind: 'build' },
        times: 3,
        ...(goals && { goal: goals.cached }),
      },
    ],
  } satisfies Scenario;
}

function chain(count: number): string[] {
  return Array.from({ length: count }, (_, i) => [
    `FROM busybox AS s${i}`,
    ...(i > 0 ? [`COPY --from=s${i - 1} /f${i - 1} /`] : []),
    `RUN echo ${i} > /f${i}`,
  ]).flat();
}

function fan(count: number): string[] {
  const indexes = Array.from({ length: count }, (_, i) => i);
  return [
    ...indexes.flatMap((i) => [`FROM busybox AS s${i}`, `RUN echo ${i} > /f${i}`]),
    'FROM busybox',
    ...indexes.map((i) => `COPY --from=s${i} /f${i} /`),
  ];
}
