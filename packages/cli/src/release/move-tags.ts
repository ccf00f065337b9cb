// The last step of a release: its tags come to mean its images.

import type { RegistryClient } from '@monokit/engine';
import type { Digest } from '@monokit/engine/oci/digest';
import { parseReference } from '@monokit/engine/oci/reference';

/** A tag that is to mean an image. */
export interface TagMove {
  readonly repository: string;
  readonly tag: string;
  readonly to: Digest;
}

export type TagOutcome = TagMove &
  (
    | { readonly kind: 'moved'; readonly from?: Digest | undefined }
    /** It meant this already. */
    | { readonly kind: 'kept' }
    | { readonly kind: 'failed'; readonly error: unknown }
    /** Not touched, because another one failed. */
    | { readonly kind: 'left' }
  );

/** What a tag means right now. */
export async function currentOf(
  client: RegistryClient,
  { repository, tag }: Pick<TagMove, 'repository' | 'tag'>,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  return (await client.current({ ...parseReference(repository), tag }, { signal }))?.digest;
}

/**
 * Moves tags in rounds: one tag of all images, then the next. Once one fails no further round begins; the outcomes tell
 * of every tag what became of it. To do it again does the rest.
 */
export async function moveTags(
  client: RegistryClient,
  rounds: readonly (readonly TagMove[])[],
  signal: AbortSignal,
): Promise<readonly TagOutcome[]> {
  const outcomes: TagOutcome[] = [];
  let broken = false;
  for (const round of rounds) {
    const stop = broken;
    const done = await Promise.all(
      round.map(async (move): Promise<TagOutcome> =>
        stop ? { ...move, kind: 'left' } : moveTag(client, move, signal),
      ),
    );
    broken ||= done.some(({ kind }) => kind === 'failed');
    outcomes.push(...done);
  }
  return outcomes;
}

async function moveTag(client: RegistryClient, move: TagMove, signal: AbortSignal): Promise<TagOutcome> {
  const { repository, tag, to } = move;
  try {
    const from = await currentOf(client, move, signal);
    if (from === to) return { ...move, kind: 'kept' };
    await client.tag({ ...parseReference(repository), tag }, to, { signal });
    return { ...move, kind: 'moved', from };
  } catch (error) {
    return { ...move, kind: 'failed', error };
  }
}
