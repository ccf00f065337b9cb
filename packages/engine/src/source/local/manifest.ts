import type { Selector } from '../../cache/content-hash.ts';
import { entriesOf } from '../../cache/content-hash/entries.ts';
import type { ManifestEntry } from '../../cache/tree.ts';
import { textOf } from '../../std/byte-path.ts';
import type { LocalNode } from './node.ts';

/** All that the selectors choose below `root`, whose digests are known by now; each path once. */
export function manifestOf(root: LocalNode, selectors: readonly Selector[]): readonly ManifestEntry[] {
  const entries = new Map<string, ManifestEntry>();
  const asked = selectors.length === 0 ? [{ path: '/' }] : selectors;
  for (const { path: wanted, ...options } of asked) {
    for (const { path, node } of entriesOf(root, wanted, options)) {
      const { kind, mode, target } = node as LocalNode;
      const text = textOf(path);
      if (text === '') continue;
      const digest = node.digest().slice(sha.length, sha.length + shown);
      entries.set(text, { path: text, kind, mode, digest, ...(kind === 'symlink' && { target: textOf(target) }) });
    }
  }
  return [...entries.values()];
}

const sha = 'sha256:';
/** So many hexadecimal digits tell two versions of one file apart. */
const shown = 16;
