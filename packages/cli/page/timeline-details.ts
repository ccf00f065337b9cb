// What is known of a step, and how to get around.

import type { Timeline, TimelineStep } from '../src/runs/timeline.ts';
import { count, duration, element } from './dom.ts';

const outcomes: Readonly<Record<TimelineStep['status'], string>> = {
  run: 'ran for',
  failed: 'failed after',
  cancelled: 'stopped after',
  cached: 'cached',
  needless: 'needless: what reads it was cached',
};

/** `ran for 1.2s, from 0.4s on`. */
export function outcomeOf({ status, bar }: TimelineStep): string {
  if (!bar) return status === 'cancelled' ? 'never begun' : outcomes[status];
  return `${outcomes[status]} ${duration(bar.end - bar.start)}, from ${duration(bar.start)} on`;
}

export interface DetailsOptions {
  readonly run: Timeline;
  /** Positions of the steps that read a step. */
  readonly readers: (step: number) => readonly number[];
  readonly choose: (step: number) => void;
}

export function stepPanel(at: number, { run, readers, choose }: DetailsOptions): readonly Node[] {
  const step = run.steps[at]!;
  const list = (title: string, steps: readonly number[]) =>
    steps.length === 0
      ? []
      : [
          element('h3', {}, title),
          element('ul', {}, ...steps.slice(0, 12).map((each) => element('li', {}, link(each)))),
          ...(steps.length > 12
            ? [element('p', { class: 'hint' }, `and ${count(steps.length - 12, 'more step')}`)]
            : []),
        ];
  const link = (each: number) => {
    const { word, text } = run.steps[each]!;
    return element('button', { click: () => choose(each), title: text }, `${word}  ${text}`);
  };
  const facts = step.facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
  return [
    element('h2', {}, step.text),
    element(
      'div',
      { class: 'kind' },
      `${step.word} · ${outcomeOf(step)}${step.critical ? ' · on the critical path' : ''}`,
    ),
    ...(step.tail === undefined ? [] : [element('h3', {}, 'Output'), element('pre', { tabindex: '0' }, step.tail)]),
    element('h3', {}, 'Facts'),
    element('dl', {}, ...facts),
    ...list('Reads', step.inputs),
    ...list('Read by', readers(at)),
  ];
}

export function helpPanel(): readonly Node[] {
  const keys = [
    ['← →', 'the step before, the next'],
    ['↑ ↓', 'what ran at the same time'],
    ['Enter', 'keep its details here'],
    ['+ − 0', 'zoom; the whole run'],
    ['c', 'the critical path alone'],
    ['f', 'the next failure'],
    ['/', 'search'],
    ['Esc', 'back to everything'],
  ] as const;
  return [
    element('h2', {}, 'A step'),
    element('p', { class: 'hint' }, 'Point at a bar, or press Tab and the arrow keys.'),
    ...keys.map(([key, meaning]) => element('p', { class: 'hint' }, element('kbd', {}, key), meaning)),
    element('p', { class: 'hint' }, 'A thick edge below a bar: it is on the critical path. Stripes: it failed.'),
  ];
}
