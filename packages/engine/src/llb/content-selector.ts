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
  const all = new Set(paths);
  return [...all].filter((path) => !parents(path).some((parent) => all.has(parent))).sort();
}

/** The folders that a path is in, itself left out; written with and without a slash at their end. */
function parents(path: string): readonly string[] {
  const found: string[] = [];
  for (let at = path.lastIndexOf('/'); at >= 0; at = at === 0 ? -1 : path.lastIndexOf('/', at - 1)) {
    for (const parent of [path.slice(0, at), path.slice(0, at + 1)]) if (parent !== path) found.push(parent);
  }
  return found;
}
