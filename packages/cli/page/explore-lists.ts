// What is told of a Dockerfile below the editor: rebuilds, findings, stages, base images.

import type { Converted, Finding } from '../src/explore/answer.ts';
import type { DetailedGraph, DetailedStep } from '../src/graph/details.ts';
import { titleOf } from '../src/graph/step-title.ts';
import { count, element } from './dom.ts';

/** What is told below the editor; `graph` is the one that is shown. */
export interface Told {
  readonly answer: Converted;
  readonly graph: DetailedGraph | undefined;
  readonly goTo: (line: number) => void;
  readonly choose: (step: string) => void;
  readonly retry: () => void;
}

export function rebuildList({ answer: { rebuild }, graph, choose }: Told): readonly Node[] {
  if (!rebuild) return [nothing('Nothing to compare: the text here or the one on disk can’t be built.')];
  const steps = (graph?.steps ?? []).filter(({ digest }) => rebuild.steps[digest]);
  if (steps.length === 0)
    return [nothing('Equal to the file on disk: nothing would be built again because of an edit.')];
  return [
    element(
      'div',
      { class: 'all' },
      `${steps.length} of ${count(graph!.steps.length, 'step')} would be built again${rebuild.gone > steps.length ? `, ${rebuild.gone - steps.length} fewer than on disk` : ''}.`,
    ),
    ...steps.map((step) => {
      const { kind, because } = rebuild.steps[step.digest]!;
      return item({ kind, text: titleOf(step.name).text, where: placeOf(step), more: because, mono: true }, () =>
        choose(step.digest),
      );
    }),
  ];
}

export function findingsList({ answer: { findings }, goTo }: Told): readonly Node[] {
  if (findings.length === 0) return [nothing('The rules find nothing.')];
  return findings.map(({ severity, code, message, hint, line }: Finding) =>
    item(
      {
        kind: severity,
        text: message,
        where: line === undefined ? '' : `line ${line}`,
        more: [code === 'dockerfile' ? '' : code, hint ?? ''].filter(Boolean).join(' · '),
      },
      () => line !== undefined && goTo(line),
    ),
  );
}

export function stagesList({ answer: { stages }, goTo }: Told): readonly Node[] {
  if (stages.length === 0) return [nothing('No stage could be read.')];
  return stages.map(({ name, base, platform, description, lines, isDefault, steps }, i) =>
    item(
      {
        kind: steps > 0 ? 'stage' : 'idle',
        text: name === '' ? `stage ${i}` : name,
        where: `line ${lines[0]}`,
        more: [
          `from ${base}`,
          platform ?? '',
          steps > 0 ? count(steps, 'step') : 'nothing of it is built for this target',
          isDefault ? 'built by default' : '',
          description ?? '',
        ]
          .filter(Boolean)
          .join(' · '),
      },
      () => goTo(lines[0]),
    ),
  );
}

export function basesList({ answer: { bases }, retry }: Told): readonly Node[] {
  if (bases.length === 0) return [nothing('No image has to be looked up.')];
  const unknown = bases.some(({ state }) => state === 'unknown');
  return [
    ...bases.map(({ name, platform, state, digest, why }) =>
      item(
        {
          kind: state,
          text: name,
          where: platform,
          more:
            state === 'known'
              ? (digest ?? '')
              : state === 'asking'
                ? 'being looked up …'
                : `unknown: its environment and digest are missing from what is shown. ${why ?? ''}`,
          mono: true,
        },
        () => undefined,
      ),
    ),
    ...(unknown ? [element('button', { click: () => retry() }, 'Ask again')] : []),
  ];
}

interface Item {
  readonly kind: string;
  readonly text: string;
  readonly where: string;
  readonly more: string;
  readonly mono?: boolean;
}

function item({ kind, text, where, more, mono = false }: Item, click: () => void): HTMLElement {
  return element(
    'button',
    { class: 'item', click },
    element('i', { class: kind }),
    element('span', { class: mono ? 'mono' : '', title: text }, text),
    element('span', { class: 'where' }, where),
    more !== '' && element('span', { class: 'more' }, more),
  );
}

function nothing(text: string): HTMLElement {
  return element('div', { class: 'nothing' }, text);
}

/** Where a step is written, in a few words. */
function placeOf({ source }: DetailedStep): string {
  if (!source) return '';
  return source.folder === undefined ? `line ${source.lines[0]}` : `${source.file}:${source.lines[0]}`;
}
