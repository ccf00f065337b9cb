// What is known of a step, beside the graph.

import type { DetailedStep } from '../src/graph/details.ts';
import { titleOf } from '../src/graph/step-title.ts';
import { count, element } from './dom.ts';

export interface StepDetails {
  readonly step: DetailedStep;
  /** What is said first, and how. */
  readonly notes: readonly { readonly text: string; readonly tone: '' | 'hit' | 'bad' }[];
  readonly named: (digest: string) => DetailedStep | undefined;
  readonly users: readonly DetailedStep[];
  readonly onChoose: (digest: string | undefined) => void;
  /** Where its line is shown, if it is. */
  readonly onPlace?: ((line: number) => void) | undefined;
  /** What it wrote, while it runs. */
  readonly log?: string | undefined;
}

const outlookNotes = {
  hit: { text: 'In the cache: a build would not run it.', tone: 'hit' },
  run: { text: 'Not in the cache: a build would run it, if something needs it.', tone: '' },
  open: { text: 'Whether it runs depends on what comes out of the steps before it.', tone: '' },
  look: { text: 'The folder is looked at by each build.', tone: 'hit' },
} as const;

/** The panel's content for a step. */
export function stepDetails({ step, notes, named, users, onChoose, onPlace, log }: StepDetails): readonly Node[] {
  const { kind, platform, digest, source, facts, key, images, outlook } = step;
  const { stage, text } = titleOf(step.name);
  const full = step.name.replace(/^\[[^\]]*\] /, '');
  const toStep = (each: DetailedStep, extra = '') =>
    element(
      'li',
      {},
      element('button', { title: each.name, click: () => onChoose(each.digest) }, `${extra}${titleOf(each.name).text}`),
    );
  const all = [...notes, ...(outlook && notes.length === 0 ? [outlookNotes[outlook]] : [])];
  const line = source?.lines[0];
  const place = source
    ? `${source.folder === undefined ? '' : `${source.folder}/`}${source.file}:${source.lines[0]}`
    : '';
  return [
    element(
      'button',
      { class: 'close', title: 'Close (Esc)', 'aria-label': 'Close', click: () => onChoose(undefined) },
      '×',
    ),
    element('h2', {}, full.length > 400 ? text : full),
    element(
      'div',
      { class: 'kind' },
      [kind, stage === '' ? '' : `stage ${stage}`, platform].filter(Boolean).join(' · '),
    ),
    ...all.map(({ text, tone }) => element('p', { class: `note ${tone}` }, text)),
    ...(log ? section('Output', element('pre', {}, log)) : []),
    ...(line !== undefined && source
      ? section(
          'Written at',
          onPlace
            ? element('ul', {}, element('li', {}, element('button', { click: () => onPlace(line) }, place)))
            : element('code', {}, place),
        )
      : []),
    ...(facts.length > 0 ? opDetails(facts) : []),
    ...section('Digest', element('div', { class: 'digest' }, digest)),
    ...(facts.length > 0
      ? section(
          'Cache key',
          element('div', { class: 'digest' }, key.digest ?? 'of what the source finds'),
          ...key.inputs.map((each) => element('div', { class: 'digest' }, `+ ${each}`)),
        )
      : []),
    ...(step.inputs.length > 0
      ? section(
          'Inputs',
          element('ul', {}, ...step.inputs.flatMap((input) => named(input) ?? []).map((each) => toStep(each))),
        )
      : []),
    ...(users.length > 0 ? section('Needed by', element('ul', {}, ...users.map((each) => toStep(each)))) : []),
    ...(images.length > 1
      ? section(
          `Shared by ${count(images.length, 'image')}`,
          element('div', { class: 'chips' }, ...images.slice(0, 60).map((id) => element('span', {}, id))),
        )
      : []),
  ];
}

function opDetails([what = '', ...rest]: readonly string[]): readonly Node[] {
  const pairs = rest.flatMap((fact) => {
    const [, name = fact, value = ''] = /^(\S+) (.*)$/s.exec(fact) ?? [];
    return [element('dt', {}, name), element('dd', {}, value)];
  });
  return section('Op', element('code', {}, what), element('dl', {}, ...pairs));
}

export function section(title: string, ...content: readonly Node[]): readonly Node[] {
  return [element('h3', {}, title), ...content];
}
