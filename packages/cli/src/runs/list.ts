import { duration } from '../ui/format.ts';
import { symbolsFor } from '../ui/symbols.ts';
import { table } from '../ui/table.ts';
import { commandText, resultOf, resultText, whenText } from './result.ts';
import type { KeptRun } from './runs-here.ts';

/** The runs as a table, in the order that they are given. */
export function runsTable(
  runs: readonly KeptRun[],
  { stdout, env, now }: { readonly stdout: NodeJS.WriteStream; readonly env: NodeJS.ProcessEnv; readonly now: number },
): string {
  const symbols = symbolsFor(env);
  const rows = runs.map((run) => {
    const { id, startedAt, endedAt, selection } = run.record;
    const named =
      selection.length <= 3 ? selection.join(', ') : `${selection.slice(0, 2).join(', ')} +${selection.length - 2}`;
    const took = endedAt === undefined ? '' : duration(endedAt - startedAt);
    return [id, whenText(startedAt, now), took, resultText(run, symbols), named, commandText(run.record)];
  });
  return table(['RUN', 'WHEN', 'TIME', 'RESULT', 'IMAGES', 'COMMAND'], rows, stdout);
}

/** What programs are told of a run that is listed. */
export function listed(run: KeptRun) {
  const { id, command, root, selection, startedAt, endedAt, code, git, images } = run.record;
  return {
    id,
    command,
    root,
    selection,
    startedAt,
    endedAt,
    code,
    result: resultOf(run),
    git,
    images: images.map(({ id, status, digest }) => ({ id, status, digest })),
    record: run.path,
  };
}
