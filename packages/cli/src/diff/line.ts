import type { Digest, LocalEngine } from '@monokit/engine';
import type { AttributedChange, FileFacts, ImageDiff } from '@monokit/engine/diff';
import { hostPlatform } from '@monokit/engine/oci/platform';
import { shortName } from '../ui/format.ts';
import { writtenAs } from './instruction.ts';
import { shown, signed } from './text.ts';

/**
 * `+2 ~1 files, +14.2 KiB in COPY src ./src`: what a rebuild changed, on one line; undefined where it changed nothing. The
 * bytes are those of the files, or, where these are not told, of the layers as they are stored.
 */
function diffLine({ from, to, layers, files }: ImageDiff): string | undefined {
  const count = (kind: string) => files?.filter((change) => change.kind === kind).length ?? 0;
  const counts = [
    ['+', count('added')],
    ['-', count('removed')],
    ['~', count('changed')],
  ] as const;
  const told = counts.flatMap(([sign, number]) => (number > 0 ? [`${sign}${number}`] : []));
  const changed = layers.filter(({ kind }) => kind !== 'same');
  if (from.digest === to.digest || changed.length === 0) return undefined;
  const [first, ...others] = changed;
  const where = shown(shortName(writtenAs(first!.instruction)));
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  const size = signed(files ? growthOf(files) : to.size - from.size);
  const noun = counts.reduce((sum, [, number]) => sum + number, 0) === 1 ? 'file' : 'files';
  return `${told.length > 0 ? `${told.join(' ')} ${noun}, ` : ''}${size} in ${where}${more}`;
}

/** By how many bytes files grew together; not the bytes that are stored, which the times of files alter, too. */
function growthOf(files: readonly AttributedChange[]): number {
  const sizeOf = (facts: FileFacts) => (facts.kind === 'file' ? facts.size : 0);
  return files.reduce((sum, change) => {
    const before = 'from' in change ? sizeOf(change.from) : 0;
    const now = 'to' in change ? sizeOf(change.to) : 0;
    return sum + now - before;
  }, 0);
}

/**
 * The line for an image that was built anew, by the digests that it had and has; undefined where one of them is not in
 * the store. It is quick: layers below those that differ are not asked, and large ones are told by their sizes alone.
 */
export async function rebuiltLine(
  engine: Pick<LocalEngine, 'content'>,
  { from, to }: { readonly from: Digest; readonly to: Digest },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { diffImages, storedImage } = await import('@monokit/engine/diff');
  const [a, b] = await Promise.all(
    [from, to].map((digest) => storedImage(digest, { name: digest, content: engine.content, signal })),
  );
  if (!a || !b) return undefined;
  const options = { platform: hostPlatform(), signal, askBelow: false };
  const sizes = await diffImages(a, b, { ...options, files: false });
  const toRead = sizes.layers.filter(({ kind }) => kind !== 'same');
  const bytes = toRead.reduce((sum, layer) => sum + (layer.from?.size ?? 0) + (layer.to?.size ?? 0), 0);
  return diffLine(bytes > quickBytes ? sizes : await diffImages(a, b, options));
}

/** What is read in a blink, as it is stored. */
const quickBytes = 16 << 20;
