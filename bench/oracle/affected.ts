import { tryAffected } from '../../test/oracle/affected-trial.ts';
import type { Trial } from './trial.ts';

export const trial: Trial = {
  help: '`affected` beside what a full build changes, over generated workspaces and changes',
  async run({ seed, isOver, report }) {
    let [asked, needless, workspaces] = [0, 0, 0];
    for (; !isOver(workspaces); workspaces++) {
      const findings = await tryAffected(seed + workspaces, 10);
      asked += findings.asked;
      needless += findings.needless.length;
      if (findings.missed.length > 0)
        report(seed + workspaces, `changed, and not told:\n${findings.missed.join('\n')}`);
      if (findings.needless.length > 0) console.log(`told, and as before:\n${findings.needless.join('\n')}`);
    }
    if (needless > 0.02 * asked) report(seed, `${needless} of ${asked} are as before`);
    return `${workspaces} workspaces, ${asked} images asked about, ${needless} told needlessly`;
  },
};
