import { digestOf, type Digest } from '../oci/digest.ts';

/** The identity of a result. For vertices without inputs and for content it is a digest; others are told by links. */
export type KeyId = string & { readonly __key?: never };

/** Index of the output that a content key stands for: none. */
export const contentOutput = -1;

/** The key of an output of a vertex without inputs, and the digest that a cache record carries. */
export function rootKey(digest: Digest, output: number): Digest {
  return digestOf(`${digest}@${output}`);
}

/** One input of a keyed vertex: every key it is known under. */
export interface KeyedDep {
  readonly keys: readonly DepKey[];
}

export interface DepKey {
  readonly id: KeyId;
  /** Keys by content carry none. */
  readonly selector?: Digest;
}

/**
 * The id under which a result with inputs is saved first: the same work on the same keys gives the same id in every
 * process. Of several keys of an input the last counts; content keys come last, so equal content gives equal ids.
 */
export function derivedKey(digest: Digest, output: number, deps: readonly KeyedDep[]): KeyId {
  if (deps.length === 0) return rootKey(digest, output);
  const parts = deps.map(({ keys }) => {
    const key = keys.at(-1)!;
    return `${key.id}|${key.selector ?? ''}`;
  });
  return `k:${digestOf([rootKey(digest, output), ...parts].join('\n')).slice('sha256:'.length)}`;
}
