// A copy from one tree into another, by LLB's rules, in this thread or in one of the pool's.

import { copyPath } from '../../cache/copy.ts';
import { Destination, parentOf, type Ids } from '../../cache/copy/destination.ts';
import { WrittenFiles } from '../../cache/copy/written-files.ts';
import { mountedTree } from '../../cache/mounted-tree.ts';
import { openPortable, resolveInTree, type PortableTree, type TreeNode } from '../../cache/tree.ts';
import type { CopyAction } from '../../llb/copy-action.ts';
import { task, type TaskContext } from '../../pool/tasks.ts';
import { bytePath, type BytePath } from '../../std/byte-path.ts';
import { Failed } from '../../std/failed.ts';
import { parseMode, type ModeChange } from '../../std/file-mode.ts';
import { untimed } from '../../std/untimed.ts';
import { isArchive } from './archive.ts';
import type { FileFailure } from './failure.ts';
import { actionPath, missing, resolveWildcards } from './paths.ts';
import { refusalsIn } from './refusal.ts';
import { unpack } from './unpack.ts';

/** Everything a copy needs; all of it crosses threads. */
export interface CopyOrder {
  readonly action: CopyAction;
  readonly source: CopySource;
  /** Root of a mounted tree that may be written to. */
  readonly destination: string;
  readonly owner: Ids | undefined;
  /**
   * Where the files that it writes are to be listed, the list of those that an earlier copy wrote, and whether it is one
   * of several actions of an op.
   */
  readonly written?: {
    readonly draft: string;
    readonly list: string | undefined;
    readonly several: boolean;
  };
}

export type CopySource =
  | { readonly kind: 'mounted'; readonly root: string }
  | { readonly kind: 'portable'; readonly tree: PortableTree };

/** In a thread of the pool. Gives the paths that are left to be linked (see `WrittenFiles`). */
export async function copyThere(order: CopyOrder, context: TaskContext): Promise<readonly BytePath[]> {
  const source = await openSource(order.source);
  if (!order.written) {
    await copyHere(source, order, context);
    return [];
  }
  const { draft, list, several } = order.written;
  const written = new WrittenFiles({ began: Date.now(), list, several });
  await copyHere(source, { ...order, files: written }, context);
  written.write(draft);
  return written.links;
}

export const copyTask = task(import.meta.url, copyThere);

/** Copies out of a tree that is open in this thread. */
export async function copyHere(
  source: TreeNode,
  order: Omit<CopyOrder, 'source' | 'written'> & { readonly files?: WrittenFiles },
  context: TaskContext,
): Promise<void> {
  const { action, owner, files } = order;
  const destination = new Destination(bytePath(order.destination));
  const src = actionPath(action.src);
  const dest = actionPath(action.dest);
  const mode = modeOf(action);
  const given = action.timestamp === -1n ? {} : { time: action.timestamp };
  const folders = {
    mode: action.modeText === '' && action.mode !== -1 ? action.mode & 0o777 : 0o755,
    time: given.time ?? untimed,
    ...(owner && { owner }),
  };
  await refusalsIn([source.hostPath, destination.root], async () => {
    if (!action.createDestPath) requireFolder(destination, dest);
    const paths = sourcesOf(source, src, action);
    if (paths.length > 1) files?.takesSeveral();
    for (const path of paths) {
      context.check();
      if (action.unpackArchives && (await unpacked(path))) continue;
      copyPath(source, destination, {
        src: path,
        dest,
        followLinks: action.followSymlink,
        contentsOnly: action.dirCopyContents,
        include: action.include,
        exclude: action.exclude,
        replace: action.alwaysReplaceExistingDestPaths,
        folders,
        check: () => context.check(),
        ...given,
        ...(mode && { mode }),
        ...(owner && { owner }),
        ...(files && { written: files }),
      });
    }
    destination.times.apply();
  });

  async function unpacked(path: BytePath): Promise<boolean> {
    const { node } = resolveInTree(source, path, { followLast: true });
    if (node?.kind !== 'file' || !(await isArchive(node.hostPath, context.signal))) return false;
    const folder = destination.resolve(dest);
    destination.makeFolders(folder, { ...folders, mode: 0o755 });
    const implied = { mode: 0o755, time: folders.time, owner: { uid: 0, gid: 0 } };
    await unpack(node.hostPath, folder, { owner, folders: implied, signal: context.signal });
    node.verify();
    return true;
  }
}

function sourcesOf(source: TreeNode, src: BytePath, action: CopyAction): readonly BytePath[] {
  if (!action.allowWildcard) return [src];
  const paths = resolveWildcards(source, src, { followLinks: action.followSymlink });
  if (paths.length === 0 && !action.allowEmptyWildcard) throw missing(action.src);
  return paths;
}

function modeOf({ mode, modeText }: CopyAction): ModeChange | undefined {
  if (modeText !== '') return parseMode(modeText);
  return mode === -1 ? undefined : () => mode & 0o7777;
}

function requireFolder(destination: Destination, dest: BytePath): void {
  const folder = parentOf(destination.resolve(dest).slice(destination.root.length));
  if (destination.stat(destination.root + folder)) return;
  const path = destination.inside(destination.root + folder);
  throw new Failed<FileFailure>({
    kind: 'file-missing',
    path,
    message: `${path}: not found, and the copy may not make it`,
  });
}

async function openSource(source: CopySource): Promise<TreeNode> {
  return source.kind === 'mounted' ? mountedTree(bytePath(source.root)) : await openPortable(source.tree);
}

/** Whether a tree is copied faster than a thread starts. */
export function isSmall(source: TreeNode, { src, allowWildcard, unpackArchives, followSymlink }: CopyAction): boolean {
  let entries = 100;
  let bytes = unpackArchives ? 1 << 20 : 8 << 20;
  const fits = (node: TreeNode): boolean => {
    if (--entries < 0) return false;
    if (node.kind === 'file') return (bytes -= node.attributes().size) >= 0;
    return node.children().every(fits);
  };
  const paths = allowWildcard
    ? resolveWildcards(source, actionPath(src), { followLinks: followSymlink })
    : [actionPath(src)];
  return paths.every((path) => {
    const { node } = resolveInTree(source, path, { followLast: followSymlink });
    return node === undefined || fits(node);
  });
}
