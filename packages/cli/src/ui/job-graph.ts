// The images of a run that were not all there, and what they are built from, as a flowchart of Mermaid.

import type { ImageModel, RunModel } from './model.ts';

/** More are no picture. */
const mostImages = 60;

/** Undefined where there is nothing to draw: no image stands on another one, or there are too many. */
export function jobGraph(model: RunModel): string | undefined {
  const needs = directNeeds(model);
  const images = [...model.images.values()];
  const changed = images.filter(({ state }) => state.kind !== 'cached').map(({ id }) => id);
  const shown = new Set(changed.flatMap((id) => [id, ...(needs.get(id) ?? [])]));
  const ids = images.map(({ id }) => id).filter((id) => shown.has(id));
  const edges = changed.flatMap((id) => (needs.get(id) ?? []).map((need) => [need, id] as const));
  if (edges.length === 0 || ids.length > mostImages) return undefined;
  const node = (id: string) => `i${ids.indexOf(id)}`;
  const look = ({ state: { kind } }: ImageModel) => (['waiting', 'running'].includes(kind) ? 'cancelled' : kind);
  return [
    'graph LR',
    ...ids.map((id) => `  ${node(id)}["${label(id)}"]:::${look(model.images.get(id)!)}`),
    ...edges.map(([from, to]) => `  ${node(from)} --> ${node(to)}`),
    '  classDef built stroke:#2da44e,stroke-width:2px',
    '  classDef failed stroke:#cf222e,stroke-width:3px',
    '  classDef blocked stroke:#cf222e,stroke-dasharray:4',
    '  classDef cached stroke:#8c959f,color:#8c959f',
    '  classDef cancelled stroke:#8c959f,stroke-dasharray:4',
  ].join('\n');
}

/** Which images each one is built from, by the steps of theirs that it needs; not those that it needs through others. */
function directNeeds({ images, steps, folders }: RunModel): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, string[]>();
  for (const [id, folder] of folders) if (images.has(id)) owners.set(folder, [...(owners.get(folder) ?? []), id]);
  const all = new Map<string, Set<string>>([...images.keys()].map((id) => [id, new Set()]));
  for (const { source, wantedBy } of steps.values()) {
    const own = (source?.folder !== undefined && owners.get(source.folder)) || [];
    // Of several images of one folder nobody can tell whose step it is.
    const [owner] = own;
    if (own.length === 1) for (const id of wantedBy) if (id !== owner) all.get(id)?.add(owner!);
  }
  return new Map(
    [...all].map(([id, needs]) => [
      id,
      [...needs].filter((need) => ![...needs].some((other) => all.get(other)?.has(need))),
    ]),
  );
}

/** A text that is nothing but a text to Mermaid. */
function label(id: string): string {
  return id.replaceAll(/[^\w ./-]/gu, (sign) => `#${sign.codePointAt(0)};`);
}
