import type { Estimator } from '@monokit/engine';
import { History } from '../runs/history.ts';
import { ownerOf } from '../runs/owner.ts';
import { runsPathOf, type RecordedWork, type Recording } from './record-run.ts';

/** How often what was learnt by other runs is looked for, in ms. */
const freshFor = 10_000;

/** What earlier runs of the same workspace tell of steps; it is read when the first step has to run. */
export function estimatorOf(
  { folderOf, ...chosen }: Pick<RecordedWork, 'runsRoot' | 'settings' | 'folderOf'>,
  invocation: Pick<Recording, 'env' | 'flags'>,
): Estimator {
  const path = runsPathOf(chosen, invocation);
  let history: History | undefined;
  let readAt = 0;
  return ({ vertex, name, wantedBy, source, after }) => {
    if (!history || Date.now() - readAt > freshFor) {
      history = History.open(path);
      readAt = Date.now();
    }
    return history.estimate({ vertex, name, image: ownerOf(wantedBy, source?.folder, folderOf), after });
  };
}
