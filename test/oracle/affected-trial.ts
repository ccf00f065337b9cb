// What `affected` says of a change, held against what a full build then changes.

import { Random } from '../rig/random.ts';
import { changes } from './changes.ts';
import { Repository } from './repository.ts';

export interface AffectedFindings {
  /** Images asked about. */
  readonly asked: number;
  /** Images that have changed and were not told: what must never be. */
  readonly missed: readonly string[];
  /** Images that were told and are as before. */
  readonly needless: readonly string[];
}

/** One workspace, and some changes to it, each undone. */
export async function tryAffected(seed: number, rounds: number): Promise<AffectedFindings> {
  await using repository = await Repository.open(seed);
  const { workspace } = repository;
  const random = new Random(seed * 7919);
  const before = (await repository.build()).digests;
  let asked = 0;
  const missed: string[] = [];
  const needless: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const names = Array.from({ length: random.once(3) ? 2 : 1 }, () => random.pick(Object.keys(changes)));
    const what = names.map((name) => changes[name]!(workspace, random)).filter((each) => each !== undefined);
    const affected = await repository.affected('--base', 'HEAD');
    if (affected) {
      const { digests } = await repository.build();
      const gone = workspace.present().filter((id) => before.has(id) && !digests.has(id));
      for (const id of new Set([...digests.keys(), ...gone])) {
        asked++;
        const told = affected.get(id);
        const changed = before.get(id) !== digests.get(id);
        const words = `seed ${seed}, round ${round}: ${id} after: ${what.join('; ')}`;
        if (changed && told === undefined) missed.push(words);
        if (!changed && told !== undefined) needless.push(`${words} (told: ${told})`);
      }
    }
    workspace.undo();
  }
  return { asked, missed, needless };
}
