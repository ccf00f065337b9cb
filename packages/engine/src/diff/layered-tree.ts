// The files that a run of layers makes of the tree below them, which is not known: each path is there with what it is,
// or gone, or as it was below. Layers come lowest first; only facts are kept of them.

import { readTar, type TarEntry } from '../pool/tar-reader.ts';
import { namesOf, type BytePath } from '../std/byte-path.ts';
import { Failed } from '../std/failed.ts';
import type { DiffFailure } from './failure.ts';
import { factsOf, type FileFacts } from './file-facts.ts';

/** A path of the tree. Without facts, and neither gone, it is as it was below, if it was. */
export interface TreePath {
  readonly facts?: FileFacts;
  readonly gone: boolean;
  /** The layer since which nothing is seen of what was below this path; undefined where all is. */
  readonly opaqueBy?: number;
  /** Which layer made it what it is. */
  readonly layer: number;
  readonly children: ReadonlyMap<BytePath, TreePath>;
}

/** Folders in one another that a path of Linux has at most. */
const deepest = 2048;
const tooDeep = `a layer has a path of more than ${deepest} names, which no tree can have`;
const tooMany = 'the layers have more paths than can be compared: name the paths that matter';

/** Paths that are kept in memory of some layers at most; a small archive may hold any number of them. */
const mostPaths = 2_000_000;

class Node implements TreePath {
  facts?: FileFacts;
  gone = false;
  opaqueBy?: number;
  layer = -1;
  readonly children = new Map<BytePath, Node>();
}

/** Says which paths are worth reading; all of them when left out. */
export type Wanted = (names: readonly BytePath[]) => boolean;

/** Collects what layers say of paths, one layer after the other. Fails with `image-unlike` for what no tree can have. */
export class LayeredTree {
  readonly #root = new Node();
  readonly #wanted: Wanted;
  /** How many more paths may come. */
  #room: number;

  constructor(wanted: Wanted = () => true, most: number = mostPaths) {
    this.#wanted = wanted;
    this.#room = most;
  }

  get root(): TreePath {
    return this.#root;
  }

  /** Puts one more layer on top: its archive, uncompressed. */
  async add(layer: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const entry of readTar(bytes)) {
      const names = namesOf(entry.name);
      const name = names.at(-1);
      if (name === undefined) continue;
      if (names.length > deepest) throw new Failed<DiffFailure>({ kind: 'image-unlike', message: tooDeep });
      if (name.startsWith('.wh.')) this.#whiteout(names, layer);
      else if (this.#wanted(names)) await this.#put(names, entry, layer);
    }
  }

  /** The node of a path, if a layer said anything of it. */
  find(names: readonly BytePath[]): TreePath | undefined {
    let node: Node | undefined = this.#root;
    for (const name of names) node = node?.children.get(name);
    return node;
  }

  async #put(names: readonly BytePath[], entry: TarEntry, layer: number): Promise<void> {
    // What a hard link names is another name of it; where that is below, nothing is known but the name.
    const linked = entry.type === 'link' ? this.find(namesOf(entry.link))?.facts : undefined;
    const facts: FileFacts =
      entry.type !== 'link'
        ? await factsOf(entry, entry.type)
        : (linked ?? { ...(await factsOf({ ...entry, size: 0 }, 'file')), target: `hard link to ${entry.link}` });
    const node = this.#at(names);
    if (facts.kind !== 'folder' || (node.facts && node.facts.kind !== 'folder')) {
      // What was below something that is no folder, or was none, is seen no more.
      node.children.clear();
      node.opaqueBy = layer;
    }
    Object.assign(node, { facts, gone: false, layer });
  }

  /** Hides what lower layers have; what this layer itself has stays, wherever it stands in the archive. */
  #whiteout(names: readonly BytePath[], layer: number): void {
    const [name, folder] = [names.at(-1)!, names.slice(0, -1)];
    if (name === '.wh..wh..opq') {
      stripBelow(this.#at(folder), layer);
      return;
    }
    const hidden = name.slice('.wh.'.length);
    if (hidden === '' || hidden === '.' || hidden === '..') return;
    const node = this.#at([...folder, hidden]);
    if (!strip(node, layer)) Object.assign(node, { gone: true, layer });
  }

  #at(names: readonly BytePath[]): Node {
    let node = this.#root;
    for (const name of names) {
      let child = node.children.get(name);
      if (!child) {
        if (--this.#room < 0) throw new Failed<DiffFailure>({ kind: 'image-unlike', message: tooMany });
        node.children.set(name, (child = new Node()));
      }
      node = child;
    }
    return node;
  }
}

/** Takes away what other layers than this one made; says whether anything stays. */
function strip(node: Node, layer: number): boolean {
  stripBelow(node, layer);
  if (node.layer !== layer) {
    delete node.facts;
    node.gone = false;
  }
  return node.facts !== undefined || node.children.size > 0;
}

/** Once for each layer: what comes below a stripped node afterwards is this layer's own. */
function stripBelow(node: Node, layer: number): void {
  if (node.opaqueBy === layer) return;
  for (const [name, child] of node.children) if (!strip(child, layer)) node.children.delete(name);
  node.opaqueBy = layer;
}
