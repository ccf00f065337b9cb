// Which images filters mean, beside the packages that the same filters mean to Turborepo.

import { rmSync, mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ourAnswers, type Recorded } from '../../test/filter/answer.ts';
import { someFilter, someProjects } from '../../test/filter/workspace.ts';
import { Random } from '../../test/rig/random.ts';
import { findTurbo } from '../noop/turbo.ts';
import type { Trial } from './trial.ts';
import { turbosAnswer, writeTurboWorkspace } from './turbo-workspace.ts';

/** One workspace, and `count` lists of filters over it. */
async function ask(
  seed: number,
  count: number,
  turbo: string,
): Promise<Recorded & { readonly wrong: readonly string[] }> {
  const random = new Random(seed);
  const workspace = someProjects(random);
  const lists = Array.from({ length: count }, () =>
    Array.from({ length: random.once(3) ? 2 + random.below(2) : 1 }, () => someFilter(random, workspace)),
  );
  const root = mkdtempSync(join(tmpdir(), 'monokit-filters-'));
  try {
    const [theirs, ours] = [join(root, 'turbo'), join(root, 'ours')];
    writeTurboWorkspace(theirs, workspace);
    mkdirSync(ours);
    const answers = await ourAnswers(
      workspace,
      lists.map((filters) => filters.map((filter) => filter.ours)),
      ours,
    );
    const asked: Recorded['asked'][number][] = [];
    const wrong: string[] = [];
    for (const [i, filters] of lists.entries()) {
      const turbos = filters.map((filter) => filter.turbos);
      const answer = await turbosAnswer(turbo, theirs, turbos);
      asked.push({ filters, answer });
      if (isDeepStrictEqual(answer, answers[i])) continue;
      const texts = filters.map((filter) => filter.ours);
      wrong.push(`${texts.join(' ')} (${turbos.join(' ')}): turbo ${String(answer)}, we ${String(answers[i])}`);
      wrong.push(`  ${JSON.stringify(workspace)}`);
    }
    return { workspace, asked, wrong };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

export const trial: Trial = {
  help: '--filter beside `turbo run build --filter`, over generated workspaces; --record FILE keeps what turbo says',
  async run({ seed, isOver, record, report }) {
    const turbo = findTurbo();
    if (!turbo) throw new Error('turbo is needed to compare with');
    const kept: Recorded[] = [];
    let count = 0;
    for (let each = seed; !isOver(each - seed); each++) {
      const { wrong, ...recorded } = await ask(each, 24, turbo.native);
      if (wrong.length > 0) report(each, wrong.join('\n'));
      kept.push(recorded);
      count += recorded.asked.length;
    }
    if (record !== undefined) writeFileSync(record, `${JSON.stringify(kept, null, 2)}\n`);
    return `${count} lists of filters over ${kept.length} workspaces`;
  },
};
