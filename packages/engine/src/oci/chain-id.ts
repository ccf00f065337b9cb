import { digestOf, type Digest } from './digest.ts';

/** Names a stack of layers, lowest first (OCI image spec, config.md, "Layer ChainID"). The stack must not be empty. */
export function chainId(diffIds: readonly Digest[]): Digest {
  return diffIds.reduce((chain, diffId) => digestOf(`${chain} ${diffId}`));
}
