// What is known of an image, or of what several share, beside the graph.

import type { Card } from '../src/graph/cards.ts';
import type { DetailedGraph } from '../src/graph/details.ts';
import { titleOf } from '../src/graph/step-title.ts';
import { section } from './details.ts';
import { count, element } from './dom.ts';

export interface CardDetails {
  readonly card: Card;
  readonly graph: DetailedGraph;
  readonly stateOf: (step: string) => string;
  readonly onClose: () => void;
  /** Shows an image's steps alone. */
  readonly onOnly: (image: string) => void;
  readonly onStep: (step: string) => void;
}

/** The panel's content for an image, or for what several share. */
export function cardDetails({ card, graph, stateOf, onClose, onOnly, onStep }: CardDetails): readonly Node[] {
  const { title, note, images, steps, tone } = card;
  const byDigest = new Map(graph.steps.map((step) => [step.digest, step]));
  const members = steps.map((step) => byDigest.get(step)!);
  const stages = Map.groupBy(members, ({ name }) => titleOf(name).stage);
  const alone = tone === 'image' ? title.split(', ').filter((id) => graph.images.some((image) => image.id === id)) : [];
  const needs = alone.flatMap((id) => graph.images.find((image) => image.id === id)!.needs);
  return [
    element('button', { class: 'close', title: 'Close (Esc)', 'aria-label': 'Close', click: () => onClose() }, '×'),
    element('h2', {}, title),
    element('div', { class: 'kind' }, note),
    ...alone.map((id) =>
      element(
        'button',
        {
          click: () => onOnly(id),
        },
        `All steps of ${id}`,
      ),
    ),
    ...(needs.length > 0 ? section('Built from', chips(needs)) : []),
    ...(images.length > 1 ? section(`Shared by ${count(images.length, 'image')}`, chips(images)) : []),
    ...[...stages].flatMap(([stage, own]) =>
      section(
        stage === '' ? 'In no stage' : stage,
        element(
          'ul',
          {},
          ...own.map((step) =>
            element(
              'li',
              {},
              element(
                'button',
                { title: step.name, class: stateOf(step.digest), click: () => onStep(step.digest) },
                element('i', {}),
                titleOf(step.name).text,
              ),
            ),
          ),
        ),
      ),
    ),
  ];
}

function chips(texts: readonly string[]): HTMLElement {
  const more = texts.length > 60 ? [element('span', {}, `+${texts.length - 60}`)] : [];
  return element('div', { class: 'chips' }, ...texts.slice(0, 60).map((id) => element('span', {}, id)), ...more);
}
