// The graph for programs that draw.

import type { ShownGraph } from './graph.ts';

export interface Edges {
  readonly nodes: readonly { readonly key: string; readonly label: string; readonly shared: boolean }[];
  /** What is needed, and what needs it. */
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/** Nodes and arrows of a level. Arrows go from what is built first. */
export function edgesOf({ images, steps }: ShownGraph, level: string): Edges {
  if (level === 'image') {
    return {
      nodes: images.map(({ id }) => ({
        key: id,
        label: id,
        shared: images.filter(({ needs }) => needs.includes(id)).length > 1,
      })),
      edges: images.flatMap(({ id, needs }) => needs.map((need) => [need, id] as const)),
    };
  }
  return {
    nodes: steps.map(({ digest, name, images: sharing }) => ({
      key: digest,
      label: sharing.length > 1 ? `${name}\n${sharing.join(', ')}` : name,
      shared: sharing.length > 1,
    })),
    edges: steps.flatMap(({ digest, inputs }) => inputs.map((input) => [input, digest] as const)),
  };
}

/** In the language of Graphviz or of Mermaid. Ends in a line break. */
export function drawn({ nodes, edges }: Edges, format: 'dot' | 'mermaid'): string {
  const number = new Map(nodes.map(({ key }, i) => [key, `n${i + 1}`]));
  if (format === 'dot') {
    return [
      'digraph {',
      '  node [shape=box];',
      ...nodes.map(
        ({ key, label, shared }) =>
          `  ${number.get(key)} [label=${JSON.stringify(label)}${shared ? ' style=bold' : ''}];`,
      ),
      ...edges.map(([from, to]) => `  ${number.get(from)} -> ${number.get(to)};`),
      '}',
      '',
    ].join('\n');
  }
  return [
    'graph TD',
    ...nodes.map(
      ({ key, label, shared }) => `  ${number.get(key)}${shared ? `[[${mermaid(label)}]]` : `[${mermaid(label)}]`}`,
    ),
    ...edges.map(([from, to]) => `  ${number.get(from)} --> ${number.get(to)}`),
    '',
  ].join('\n');
}

/** Quoted as Mermaid reads it: entities for what ends a text. */
function mermaid(label: string): string {
  const escaped = label
    .replaceAll('#', '#35;')
    .replaceAll('"', '#quot;')
    .replaceAll('<', '#lt;')
    .replaceAll('>', '#gt;');
  return `"${escaped.replaceAll('\n', '<br/>')}"`;
}
