import { closeSync, openSync, readSync } from 'node:fs';
import { encodeHeader, endOfArchive, padding, type TarHeader } from '../pool/layer-tar.ts';
import { bytePath, fsPath, textOf } from '../std/byte-path.ts';
import { deviceParts } from '../sys/mknod.ts';
import { Attrs } from './attrs.ts';
import { fileDestination, writeTo } from './destination.ts';
import type { Exporter } from './exporter.ts';
import { step, stepWork } from './step.ts';
import { treeEntries, xattrsOf, type TreeEntry } from './tree-entries.ts';
import { mountTrees, readTreeOptions, SharedPaths, type ExportTree, type TreeOptions } from './trees.ts';

/** The files of what was built as a plain tar: owners, modes, links, devices and attributes as they are. */
export const tarExporter: Exporter = {
  async check({ attrs, destination }) {
    readOptions(attrs);
    fileDestination('tar', destination);
  },

  async make(input, { pool }, job) {
    const options = readOptions(input.attrs);
    const destination = fileDestination('tar', input.destination);
    const { signal } = job;
    const work = stepWork(input, job);
    await using mounted = await mountTrees(input, options, { ...job, pool });
    await step('sending tarball', work, () => writeTo(destination, treesTar(mounted.trees), { signal }));
    return { response: {} };
  },
};

function readOptions(given: Readonly<Record<string, string>>): TreeOptions {
  const attrs = new Attrs('tar', given);
  const options = readTreeOptions(attrs);
  attrs.end();
  return options;
}

async function* treesTar(trees: readonly ExportTree[]): AsyncGenerator<Uint8Array> {
  const shared = trees.length > 1 && trees.every(({ prefix }) => prefix === '') ? new SharedPaths() : undefined;
  for (const tree of trees) {
    const { prefix, epoch } = tree;
    if (prefix !== '') {
      const mtime = epoch ?? 0;
      yield encodeHeader({ type: 'folder', name: `${bytePath(prefix)}/`, mode: 0o755, uid: 0, gid: 0, size: 0, mtime });
    }
    for (const entry of treeEntries(tree.root)) {
      if (entry.type !== 'folder') shared?.claim(textOf(entry.path), tree);
      const header = headerOf(entry, tree);
      yield encodeHeader(header);
      if (header.size > 0) yield* contentOf(entry, header.size);
    }
    for (const { name, bytes } of tree.statements) {
      shared?.claim(name, tree);
      const path = `${prefix === '' ? '' : `${bytePath(prefix)}/`}${bytePath(name)}`;
      const size = bytes.length;
      yield encodeHeader({ type: 'file', name: path, mode: 0o600, uid: 0, gid: 0, size, mtime: epoch ?? 0 });
      yield bytes;
      yield padding(size);
    }
  }
  yield endOfArchive;
}

function headerOf(entry: TreeEntry, { prefix, epoch }: ExportTree): TarHeader {
  const { path, type, stats, link } = entry;
  const below = prefix === '' ? '' : `${bytePath(prefix)}/`;
  const xattrs = xattrsOf(entry);
  return {
    type,
    name: `${below}${path}${type === 'folder' ? '/' : ''}`,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: type === 'file' ? Number(stats.size) : 0,
    // The nearest second, as Go's writer has it.
    mtime: epoch ?? Math.floor(Number((stats.mtimeNs + 500_000_000n) / 1_000_000_000n)),
    ...(link !== undefined && { link: type === 'link' ? `${below}${link}` : link }),
    ...((type === 'character' || type === 'block') && deviceParts(stats.rdev)),
    ...(Object.keys(xattrs).length && { xattrs }),
  };
}

function* contentOf({ source }: TreeEntry, size: number): Generator<Uint8Array> {
  const fd = openSync(fsPath(source), 'r');
  try {
    for (let left = size; left > 0;) {
      const buffer = Buffer.allocUnsafe(Math.min(256 * 1024, left));
      const read = readSync(fd, buffer, 0, buffer.length, null);
      if (read === 0) throw new Error(`${textOf(source)} became shorter while it was read`);
      left -= read;
      yield buffer.subarray(0, read);
    }
  } finally {
    closeSync(fd);
  }
  yield padding(size);
}
