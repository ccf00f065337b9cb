import { compareUtf8 } from '../proto/utf8.ts';

/** A choice of files in an input, whose content is what matters of it. */
export interface ContentSelector {
  readonly path: string;
  /** The path holds wildcards that stand for whatever they match. */
  readonly wildcard?: boolean;
  /** A path that is a symlink counts as what it leads to. */
  readonly followLinks?: boolean;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Paths that must be among what `include` selects. */
  readonly requiredPaths?: readonly string[];
}

/** Paths without those that another one of them contains, sorted. */
export function outermost(paths: readonly string[]): readonly string[] {
  if (paths.length <= 1) return paths;
  // With the slash below all other characters, what a folder contains follows it.
  const sorted = [...new Set(paths)]
    .map((path) => ({ path, order: path.replaceAll('/', '\0') }))
    .sort((a, b) => compareUtf8(a.order, b.order));
  const kept: string[] = [];
  let folder: string | undefined;
  for (const { path } of sorted) {
    if (folder !== undefined && path.startsWith(folder)) continue;
    kept.push(path);
    folder = path.endsWith('/') ? path : `${path}/`;
  }
  return kept.sort(compareUtf8);
}
