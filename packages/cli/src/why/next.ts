// What the next build would make of images, beside what the last one made: by the keys and the outlook of `cli plan`.

import { cachePath } from '@monokit/engine/cache-path';
import { planOf } from '../plan/plan.ts';
import type { RunsHere } from '../runs/runs-here.ts';
import { defineImages, type ShowInvocation } from '../tasks/defined-images.ts';
import { onlyFolder } from '../tasks/is-folder.ts';
import { version } from '../version.ts';
import { componentsOf, short } from './components.ts';
import { differencesOf } from './differences.ts';
import { explain, type Fate } from './explanation.ts';
import type { Question } from './question.ts';
import { keyIn, veilWith } from './veil.ts';
import {
  aboutOf,
  componentsOf as lastComponents,
  fatesOf,
  runsOf,
  unknownImage,
  wordOf,
  type ImageExplanation,
} from './why.ts';

/** Explains what building would do with each image, compared with its last run. */
export async function explainNext(
  invocation: ShowInvocation,
  questions: readonly Question[],
  here: RunsHere,
): Promise<readonly ImageExplanation[]> {
  const { flags, env, signal } = invocation;
  const ids = questions.map(({ image }) => image);
  const folder = onlyFolder(ids);
  const { steps } = await planOf(invocation, ids);
  const fates = new Map(steps.map(({ digest, outlook }): [string, Fate] => [digest, outlook]));
  await using scope = new AsyncDisposableStack();
  const { engine, defined, settings } = await defineImages(invocation, ids, scope);
  const asked = flags['cache-dir'] ?? settings.cacheDir;
  const after = {
    of: fates,
    monokit: version(),
    cache: cachePath({ env, ...(asked !== undefined && { asked }) }),
    at: Date.now(),
  };
  return engine.withKeys(defined, { signal, report: () => undefined }, async (keys) => {
    const explanations: ImageExplanation[] = [];
    for (const [i, { request }] of defined.entries()) {
      const question =
        folder === undefined ? questions.find(({ image }) => image === request.id) : { image: request.id };
      if (!question) continue;
      const [last] = runsOf(request.id, here);
      if (!last) throw unknownImage(request.id, here);
      const veil = veilWith(() => keyIn(last.pages.keyPath!));
      const now = componentsOf(keys[i]!, {
        id: request.id,
        asked: request.source.options ?? {},
        root: last.record.root,
        veil,
      });
      const lists = new Map<string, Awaited<ReturnType<(typeof reads)[number]['entries']>>>();
      const reads = keys[i]!.flatMap((platform) => platform.steps.flatMap((step) => step.reads));
      for (const read of reads) lists.set(short(read.name()), await read.entries());
      const about = aboutOf(question, now);
      explanations.push({
        image: request.id,
        before: wordOf(last.record),
        platforms: differencesOf(lastComponents(last), now, (name) => lists.get(name) ?? last.pages.list(name)).map(
          (differences) => explain(differences, { before: fatesOf(last), after, ...(about && { about }) }),
        ),
      });
    }
    return explanations;
  });
}
