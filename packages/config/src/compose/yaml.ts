// YAML as plain data with the places of what stands in it. The home of the yaml library.

import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document } from 'yaml';
import { HclMistake, mistake, type SourceText, type Span } from '../hcl/mistake.ts';

/** A way through mappings and sequences. */
export type YamlPath = readonly (string | number)[];

/** What Compose's own tags say of a value: it takes the place of what it would be merged with, or takes it away. */
export class Replacing {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

export interface YamlFile {
  readonly source: SourceText;
  readonly value: unknown;
  /** Where the value at a path stands, or the nearest one above it. */
  spanOf(path: YamlPath): Span;
}

/** Aliases that one document may follow: a few of them can name each other into a text of any size. */
const mostAliases = 1000;

/** What follows the first errors mostly follows from them. */
const mostErrors = 5;

/** Reads a file. Throws a `HclMistake` with what is no YAML in it. */
export function parseYaml(source: SourceText): YamlFile {
  let document: Document.Parsed;
  let value: unknown;
  try {
    document = parseDocument(source.text, {
      prettyErrors: false,
    }) as Document.Parsed;
    if (document.errors.some(({ message }) => /call stack/i.test(message))) throw new RangeError();
    const problems = document.errors.slice(0, mostErrors).map(({ message, pos: [start, end] }) => ({
      message: `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
      source,
      span: { start, end: Math.max(end, start + 1) },
    }));
    if (problems.length > 0) throw new HclMistake(problems);
    value = plain(document.contents, document, { left: mostAliases });
  } catch (error) {
    if (error instanceof RangeError) throw mistake(source, { start: 0, end: 1 }, 'this is nested too deeply');
    if (error instanceof ReferenceError)
      throw mistake(source, { start: 0, end: 1 }, `this is not YAML: ${error.message}`);
    throw error;
  }
  return { source, value, spanOf: (path) => spanIn(document, path) };
}

/** A node as plain data; keys are texts. */
function plain(node: unknown, document: Document.Parsed, aliases: { left: number }): unknown {
  if (isAlias(node)) {
    if (aliases.left-- <= 0) throw new ReferenceError(`more than ${mostAliases} aliases are followed`);
    return plain(node.resolve(document), document, aliases);
  }
  if (isScalar(node)) return tagged(node.tag, node.value);
  if (isSeq(node)) {
    const items = node.items.map((item) => plain(item, document, aliases));
    return tagged(node.tag, items);
  }
  if (!isMap(node)) return undefined;
  const made: Record<string, unknown> = {};
  const merged: Record<string, unknown> = {};
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : String(plain(key, document, aliases));
    if (name === '<<' && isScalar(key) && key.type !== 'QUOTE_DOUBLE' && key.type !== 'QUOTE_SINGLE') {
      const given = plain(value, document, aliases);
      // Of several, the first one counts.
      for (const each of Array.isArray(given) ? (given as unknown[]).toReversed() : [given])
        Object.assign(merged, each);
    } else defineOwn(made, name, plain(value, document, aliases));
  }
  return tagged(node.tag, { ...merged, ...made });
}

function defineOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

function tagged(tag: string | undefined, value: unknown): unknown {
  if (tag === '!override') return new Replacing(value);
  return tag === '!reset' ? new Replacing(undefined) : value;
}

function spanIn(document: Document.Parsed, path: YamlPath): Span {
  let node: unknown = document.contents;
  let span = rangeOf(node) ?? { start: 0, end: 1 };
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      const key = pair && rangeOf(pair.key);
      if (key) span = key;
      next = pair?.value;
    } else if (isSeq(node) && typeof step === 'number') {
      next = node.items[step];
      span = rangeOf(next) ?? span;
    }
    if (next === undefined || next === null) break;
    node = next;
  }
  return span;
}

function rangeOf(node: unknown): Span | undefined {
  const range = (node as { readonly range?: readonly [number, number, number] } | null)?.range;
  return range ? { start: range[0], end: Math.max(range[1], range[0] + 1) } : undefined;
}
