import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, type MakeScenario, type Scenario } from '../scenario.ts';

/** S2: a context of many small files and twenty instructions; the last COPY takes all of them. */
export const filesOfContext: MakeScenario = ({ files }) => files.map((count) => context(count));

const folders = 10;

function context(count: number): Scenario {
  const docker = { kind: 'build' } as const;
  const goals = count === 20_000 ? { cold: 6, cached: 0.25, touched: 0.25, changed: 0.5 } : undefined;
  // Nothing but the last COPY reads it.
  const changing = join('part9', 'file-0.txt');
  let version = 0;
  return {
    id: 'S2',
    title: `context of ${count.toLocaleString('en')} files, 20 instructions`,
    write: (dir) => writeContext(dir, count),
    manyFiles: true,
    steps: [
      { name: 'cold', ours: buildFolder(), docker, ...(goals && { goal: goals.cold }) },
      { name: 'cached', ours: buildFolder(), docker, times: 3, ...(goals && { goal: goals.cached }) },
      {
        name: 'one touched',
        before: (dir) => utimesSync(join(dir, changing), new Date(), new Date(Date.now() - ++version * 1000)),
        ours: buildFolder(),
        docker,
        ...(goals && { goal: goals.touched }),
      },
      {
        name: 'one changed',
        before: (dir) => writeFileSync(join(dir, changing), text(`changed ${++version} ${Date.now()}`)),
        ours: buildFolder(),
        docker,
        ...(goals && { goal: goals.changed }),
      },
    ],
  };
}

function writeContext(dir: string, count: number): void {
  for (let folder = 0; folder < folders; folder++) {
    mkdirSync(join(dir, `part${folder}`), { recursive: true });
    for (let i = 0; i < count / folders; i++) {
      writeFileSync(join(dir, `part${folder}`, `file-${i}.txt`), text(`${folder} ${i}`));
    }
  }
  const first = [0, 1, 2, 3, 4].flatMap((i) => [`COPY part${i} ./part${i}`, `RUN echo ${i} > made${i}`]);
  const lines = ['FROM busybox', 'WORKDIR /app', 'ENV A=1', 'LABEL b=2', ...first, 'RUN ls', 'EXPOSE 80', 'USER root'];
  writeFileSync(join(dir, 'Dockerfile'), [...lines, 'RUN true', 'COPY . ./all', 'CMD ["true"]', ''].join('\n'));
}

/** A KiB that no other file has. */
function text(what: string): string {
  return `${what}\n`.padEnd(1023, 'some text of a source file, ').concat('\n');
}
