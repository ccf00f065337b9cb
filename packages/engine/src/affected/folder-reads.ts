// Which files of a client's folders the steps of a graph read: what `COPY`, `ADD` and bind mounts select, under the ignore
// patterns. Nothing is read for it but the links on the way of what is selected.

import { lstatSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { opKey } from '../llb/cache-key.ts';
import type { ContentSelector } from '../llb/content-selector.ts';
import type { Graph, GraphVertex } from '../llb/graph.ts';
import { followPaths } from '../source/local/follow-paths.ts';
import { hasWildcards, matchGlob } from '../std/glob.ts';
import { PatternMatcher } from '../std/patterns.ts';

/** What one step reads of one folder. */
export interface FolderRead {
  /** As the graph names it: an absolute path. */
  readonly folder: string;
  /** The ignore patterns that the folder is read under. */
  readonly ignored: readonly string[];
  readonly reader: GraphVertex;
  /** Whether a file that came, changed or went at `path` (relative to the folder) changes what is read, whatever is ignored. */
  selects(path: string): boolean;
  /** Whether what a link at `path` leads to is read: `selects` knows the links that were there when it was made. */
  follows(path: string): boolean;
}

/** All that the graph reads of its clients' folders; `linksIn` is where a folder's links are looked up. */
export function folderReads(graph: Graph, { linksIn = (folder: string) => folder } = {}): readonly FolderRead[] {
  return graph.vertices.flatMap((reader) =>
    reader.inputs.flatMap(({ vertex: { op } }, index) => {
      if (op.kind !== 'source' || !op.identifier.startsWith(scheme) || reader.op.kind === 'source') return [];
      const folder = op.identifier.slice(scheme.length);
      const { content } = opKey(reader.op).deps[index] ?? {};
      const choices = content?.map((selector) => choiceOf(selector, linksIn(folder)));
      const include = listOf(op.attrs.get('local.includepattern'));
      const included = include.length > 0 ? new PatternMatcher(include) : undefined;
      return [
        {
          folder,
          ignored: listOf(op.attrs.get('local.excludepatterns')),
          reader,
          selects: (path: string) =>
            (included?.matches(path) ?? true) && (!choices?.length || choices.some(({ selects }) => selects(path))),
          follows: (path: string) => choices?.some(({ follows }) => follows(path)) ?? false,
        },
      ];
    }),
  );
}

const scheme = 'local://';

/** Whether a path is ignored under such patterns, by itself or through a folder above it. */
export function ignoring(patterns: readonly string[]): (path: string) => boolean {
  const matcher = new PatternMatcher(patterns);
  return (path) => matcher.matches(path);
}

type Choice = Pick<FolderRead, 'selects' | 'follows'>;

function choiceOf(selector: ContentSelector, folder: string): Choice {
  const { path, wildcard = false, include = [], exclude = [] } = selector;
  // What a link on the way leads to is read, too. Undefined: all of the folder.
  const followed = (followPaths(folder, [path]) ?? ['']).map((each) => (each === '.' ? '' : each));
  const isFiltered = include.length + exclude.length > 0;
  const included = include.length > 0 ? new PatternMatcher(include) : undefined;
  const excluded = exclude.length > 0 ? new PatternMatcher(exclude) : undefined;
  const counts = (rest: string) =>
    rest === '' || ((included?.matches(rest) ?? true) && !(excluded?.matches(rest) ?? false));
  const itself = posix.join('/', path).slice(1).replace(/\/$/, '');
  const asked = followed.map((each) => ({
    prefix: prefixOf(each, wildcard),
    counts: each === itself ? counts : always,
  }));
  const contents = isFiltered ? contentsOf(selector) : undefined;
  const linked = contents === undefined ? [] : linkedFrom(folder, contents, counts);
  const ways = [...asked, ...linked.map((each) => ({ prefix: prefixOf(each, false), counts: always }))];
  return {
    selects(changed) {
      const names = changed.split('/');
      return ways.some(({ prefix: { length, fits }, counts: mayCount }) => {
        // A submodule, or a link where a folder was, changes all that is below it.
        if (names.length < length) return fits(names);
        return fits(names.slice(0, length)) && mayCount(names.slice(length).join('/'));
      });
    },
    follows(changed) {
      const names = changed.split('/');
      if (contents !== undefined && posix.join('/', changed, '..') === contents && counts(names.at(-1)!)) return true;
      return ways.some(({ prefix: { length, fits } }) => names.length <= length && fits(names));
    },
  };
}

function always(): boolean {
  return true;
}

/** The folder whose contents are copied by patterns, with a `/` before it: links in it count with all that they lead to. */
function contentsOf({ path, followLinks, wildcard }: ContentSelector): string | undefined {
  const inside = posix.join('/', path);
  if (!followLinks || wildcard || !inside.endsWith('/')) return undefined;
  return inside === '/' ? inside : inside.slice(0, -1);
}

/** Where those links in a folder lead that count by their names. */
function linkedFrom(root: string, inside: string, counts: (name: string) => boolean): readonly string[] {
  const place = posix.join(root, inside);
  if (!lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) return [];
  const entries = readdirSync(place, { withFileTypes: true });
  const links = entries.filter((entry) => entry.isSymbolicLink() && counts(entry.name));
  return links.flatMap(({ name }) => followPaths(root, [posix.join(inside, name)]) ?? ['']);
}

interface Prefix {
  readonly length: number;
  /** Whether the first names of a path are those of the prefix; of fewer names, as many as there are. */
  readonly fits: (names: readonly string[]) => boolean;
}

function prefixOf(path: string, wildcard: boolean): Prefix {
  const wanted = path === '' ? [] : path.split('/');
  const tests = wanted.map((name) =>
    wildcard && hasWildcards(name) ? (other: string) => matchGlob(name, other) : (other: string) => other === name,
  );
  return { length: wanted.length, fits: (names) => names.every((name, i) => tests[i]!(name)) };
}

function listOf(json: string | undefined): readonly string[] {
  return json ? (JSON.parse(json) as string[]) : [];
}
