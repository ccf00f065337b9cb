import { tryPlan } from '../../test/oracle/plan-trial.ts';
import type { Trial } from './trial.ts';

export const trial: Trial = {
  help: '`plan`, `build --frozen` and `why --next` beside what a build does, over generated workspaces and changes',
  async run({ seed, isOver, report }) {
    let [steps, unknown, workspaces] = [0, 0, 0];
    for (; !isOver(workspaces); workspaces++) {
      const findings = await tryPlan(seed + workspaces, 8);
      steps += findings.steps;
      unknown += findings.unknown;
      if (findings.wrong.length > 0) report(seed + workspaces, findings.wrong.join('\n'));
    }
    return `${workspaces} workspaces, ${steps} steps foretold, of ${unknown} only that nobody knows`;
  },
};
