import { readFileSync } from 'node:fs';
import type { Ids } from '../../cache/copy/destination.ts';
import { resolveInTree, type TreeNode } from '../../cache/tree.ts';
import type { Owner, UserRef } from '../../llb/owner.ts';
import { fsPath } from '../../std/byte-path.ts';
import { Failed } from '../../std/failed.ts';
import type { FileFailure } from './failure.ts';

/** The tree that an index of the op stands for, to look a name up in. */
export type TreeOf = (input: number) => Promise<TreeNode>;

/**
 * The numbers of an owner; undefined leaves files with the owner they have. A name that the tree does not know is root,
 * as in BuildKit.
 */
export async function resolveOwner(owner: Owner | undefined, treeOf: TreeOf): Promise<Ids | undefined> {
  if (!owner) return undefined;
  const user = owner.user && (await lookUp(owner.user, '/etc/passwd', treeOf));
  const group = owner.group && (await lookUp(owner.group, '/etc/group', treeOf));
  const uid = user?.id ?? 0;
  return { uid, gid: group?.id ?? user?.group ?? 0 };
}

interface Found {
  readonly id: number;
  /** Of a user; of a number that stands for itself, the same. */
  readonly group: number;
}

async function lookUp(ref: UserRef, file: string, treeOf: TreeOf): Promise<Found | undefined> {
  if (ref.kind === 'id') return { id: ref.id, group: ref.id };
  if (ref.input < 0) {
    const message = `invalid user index: ${ref.input}: there is no ${file} to look ${JSON.stringify(ref.name)} up in; use a number`;
    throw new Failed<FileFailure>({ kind: 'owner-unknown', message });
  }
  const text = readSmallFile(await treeOf(ref.input), file);
  const fields = text
    ?.split('\n')
    .map((line) => line.trim().split(':'))
    .find(([name]) => name === ref.name);
  return fields && { id: number(fields[2]), group: number(fields[3]) };
}

/** The text of a file in an image, which may be anything; undefined where there is none. */
function readSmallFile(root: TreeNode, path: string): string | undefined {
  const { node } = resolveInTree(root, path, { followLast: true });
  if (!node) return undefined;
  if (node.kind !== 'file' || node.attributes().size > largest) {
    const message = `${path} is no file of names: ${node.kind === 'file' ? 'it is too large' : `it is a ${node.kind}`}`;
    throw new Failed<FileFailure>({ kind: 'owner-unknown', message });
  }
  return readFileSync(fsPath(node.hostPath), 'utf8');
}

const largest = 10 << 20;

/** A field that is no number counts as 0, as in Docker. */
function number(field: string | undefined): number {
  return /^[+-]?\d+$/.test(field ?? '') ? Number(field) : 0;
}
