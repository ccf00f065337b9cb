/** A way to see a directory tree. */
export type Mount =
  | { readonly kind: 'bind'; readonly path: string; readonly readonly: boolean }
  /** `lower` in mount(2)'s order: the uppermost layer first. */
  | { readonly kind: 'overlay'; readonly lower: readonly string[]; readonly upper?: string; readonly work?: string }
  /** An empty tree in memory. */
  | { readonly kind: 'empty' };

/** A mounted tree. Disposing unmounts it. */
export interface Mounted extends AsyncDisposable {
  /** Absolute path of the tree's root. */
  readonly path: string;
}
