import type { Digest } from '../oci/digest.ts';

/** What can be wrong with a graph, whoever made it. */
export type LlbFailure =
  /** A definition or op that no engine can run; `op` names the one at fault where it is known. */
  | { readonly kind: 'llb-invalid'; readonly message: string; readonly op?: Digest }
  /** An op asks for something that this engine does not know. */
  | { readonly kind: 'llb-unsupported'; readonly message: string; readonly capability: string; readonly op?: Digest };
