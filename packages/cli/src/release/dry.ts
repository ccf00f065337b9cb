import { shortDigest } from '../ui/format.ts';
import { currentOf } from './move-tags.ts';
import type { OpenRelease } from './open.ts';
import { headline, nothing, planLines, shown } from './report.ts';

/** What a release would do, for people or as JSON. */
export async function dryRun(
  { client, facts, tags, images }: OpenRelease,
  { json, signal }: { readonly json: boolean; readonly signal: AbortSignal },
): Promise<string> {
  const moves = await Promise.all(
    tags.tags.flatMap((tag) =>
      images.flatMap(({ id, repositories, decision }) =>
        repositories.map(async (repository) => ({
          image: id,
          name: `${shown(repository)}:${tag}`,
          from: await currentOf(client, { repository, tag }, signal),
          to: decision.kind === 'carry' ? decision.digest : undefined,
        })),
      ),
    ),
  );
  if (json) {
    const { event, commit } = facts;
    const planned = images.map(({ id, repositories, target, fingerprint, decision }) => ({
      id,
      repositories: repositories.map(shown),
      platforms: target.platforms,
      fingerprint,
      ...decision,
    }));
    return `${JSON.stringify({ version: tags.version, tags: tags.tags, commit, event, images: planned, moves }, null, 2)}\n`;
  }
  if (tags.version === undefined) return `${nothing(facts)}\n`;
  const lines = moves.map(({ name, from, to }) => {
    const now = to ? shortDigest(to) : 'what is built';
    return `  ${name}  ${from === undefined ? 'new' : from === to ? `${now} already` : `${shortDigest(from)} → ${now}`}`;
  });
  return [headline(tags.version, facts), ...planLines(images), '', ...lines, ''].join('\n');
}
