// A tolerant look at YAML's block style: keys by their indentation. Flow collections are scanned like object literals.

import type { Entry, Shape } from './place.ts';
import { scanObjects } from './scan-objects.ts';

/** The mappings and sequences of a text; the document's own is the first. */
export function scanYaml(text: string): Shape[] {
  const root: Shape = { kind: 'object', entries: [] };
  const shapes: Shape[] = [root];
  const open: { readonly indent: number; readonly shape: Shape; last?: Entry }[] = [{ indent: 0, shape: root }];
  let block = -1;
  let offset = 0;

  const place = (indent: number, kind: Shape['kind']) => {
    while (
      open.length > 1 &&
      (open.at(-1)!.indent > indent || (open.at(-1)!.indent === indent && mismatch(open.at(-1)!.shape, kind)))
    ) {
      open.pop();
    }
    let top = open.at(-1)!;
    if (top.indent < indent || mismatch(top.shape, kind)) {
      const shape: Shape = { kind, entries: [] };
      if (top.last) top.last.child = shape;
      shapes.push(shape);
      top = { indent, shape };
      open.push(top);
    }
    return top;
  };

  for (const line of text.split('\n')) {
    const indentOf = line.length - line.trimStart().length;
    const start = offset;
    offset += line.length + 1;
    if (line.trim() === '' || /^\s*#/.test(line)) continue;
    if (block >= 0) {
      if (indentOf > block) continue; // the inside of a block scalar
      block = -1;
    }
    let column = indentOf;
    for (let dash = /^-(?:\s+|$)/.exec(line.slice(column)); dash; dash = /^-(?:\s+|$)/.exec(line.slice(column))) {
      const sequence = place(column, 'array');
      const entry: Entry = {
        key: sequence.shape.entries.length,
        start: start + column + dash[0].length,
        end: start + line.trimEnd().length,
      };
      sequence.shape.entries.push(entry);
      sequence.last = entry;
      column += dash[0].length;
    }
    const key = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s#'"[{&*!|>%@`][^#]*?))\s*:(?=\s|$)/.exec(
      line.slice(column),
    );
    const rest = line.slice(column + (key?.[0].length ?? 0));
    if (key) {
      const mapping = place(column, 'object');
      const written = key[0].replace(/\s*:$/, '');
      const entry: Entry = {
        key: key[1] ?? key[2]?.replaceAll("''", "'") ?? key[3]!,
        start: start + column,
        end: start + column + written.length,
      };
      mapping.shape.entries.push(entry);
      mapping.last = entry;
    }
    if (/^\s*[|>][0-9+-]*\s*(?:#.*)?$/.test(rest)) block = indentOf;
    const flow = /^\s*(?=[[{])/.exec(rest);
    const holder = open.at(-1)!.last;
    if (flow && holder) {
      const from = start + column + (key?.[0].length ?? 0) + flow[0].length;
      const [outer] = scanObjects(' '.repeat(from) + text.slice(from, offset - 1));
      if (outer) holder.child = outer;
    }
  }
  return shapes;
}

function mismatch(shape: Shape, kind: Shape['kind']): boolean {
  return shape.kind !== kind;
}
