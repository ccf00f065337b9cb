import { Digester, type Digest } from '../../oci/digest.ts';
import type { TreeNode } from '../tree.ts';

/** Digest of a node and all below it (SOL-007): a file's own; a folder's header and entries in the order of their names. */
export function recursiveDigest(node: TreeNode): Digest {
  if (node.kind !== 'directory') return node.digest();
  const digester = new Digester();
  let text = `\0${node.digest()}`;
  for (const child of node.children()) {
    text += `\0${child.name}${recursiveDigest(child)}`;
    if (text.length < 1 << 16) continue;
    digester.update(Buffer.from(text, 'latin1'));
    text = '';
  }
  return digester.update(Buffer.from(text, 'latin1')).digest();
}
