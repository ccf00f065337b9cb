// A run in time: what ran when, beside what, for how long, and what it wrote.

import type { Timeline } from '../src/runs/timeline.ts';
import { byId, count, element } from './dom.ts';
import { Chart } from './timeline-chart.ts';
import { helpPanel, outcomeOf, stepPanel } from './timeline-details.ts';

const run = JSON.parse(byId('data').textContent) as Timeline;
const began = performance.now();
const chart = new Chart(run);
const readers = new Map<number, number[]>();
for (const [at, { inputs }] of run.steps.entries()) {
  for (const input of inputs) readers.set(input, [...(readers.get(input) ?? []), at]);
}
let chosen: number | undefined;
let image: string | undefined;
let critical = false;

byId('name').textContent = run.command;
byId('name').title = run.command;
document.title = `${run.command} · ${run.id}`;
byId('outcome').textContent = run.resultText;
byId('outcome').classList.add(run.result);
byId('facts').append(
  ...run.facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
);
drawLegend();
drawOthers();
show(undefined);

byId('lanes').addEventListener('pointerover', ({ target }) => show(chart.stepAt(target) ?? chosen));
byId('lanes').addEventListener('pointerleave', () => show(chosen));
byId('lanes').addEventListener('focusin', ({ target }) => show(chart.stepAt(target) ?? chosen));
byId('lanes').addEventListener('click', ({ target }) => choose(chart.stepAt(target)));
byId('lanes').addEventListener('keydown', (event) => {
  const from = chart.stepAt(event.target);
  const next = from === undefined ? undefined : chart.next(from, event.key);
  if (next === undefined) return;
  event.preventDefault();
  chart.focus(next);
});
byId('in').addEventListener('click', () => chart.zoom(1.6));
byId('out').addEventListener('click', () => chart.zoom(1 / 1.6));
byId('fit').addEventListener('click', () => chart.fit());
byId('critical').addEventListener('click', () => showCritical(!critical));
byId('search').addEventListener('input', () => light());
byId('search').addEventListener('keydown', (event) => {
  if (event.key === 'Enter') goTo(found(), event.shiftKey ? -1 : 1);
});
document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement;
  if (event.key === 'Escape') {
    if (typing) byId('search').blur();
    return reset();
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const keys: Readonly<Record<string, () => void>> = {
  '+': () => chart.zoom(1.6),
  '=': () => chart.zoom(1.6),
  '-': () => chart.zoom(1 / 1.6),
  '0': () => chart.fit(),
  c: () => showCritical(!critical),
  f: () => goTo(stepsWhere(({ status, bar }) => status === 'failed' && bar !== undefined)),
  '/': () => byId<HTMLInputElement>('search').focus(),
};
requestAnimationFrame(() => (document.body.dataset['drawnIn'] = String(Math.round(performance.now() - began))));

/** Shows a step's details; how to get around, where there is none. */
function show(at: number | undefined): void {
  const options = { run, readers: (step: number) => readers.get(step) ?? [], choose: jump };
  byId('details').replaceChildren(...(at === undefined ? helpPanel() : stepPanel(at, options)));
}

function choose(at: number | undefined): void {
  chosen = at;
  chart.choose(at);
  show(at);
  if (at !== undefined) announce(`${run.steps[at]!.word}: ${outcomeOf(run.steps[at]!)}`);
}

/** To a step, wherever it is; one without a bar is shown in the details alone. */
function jump(at: number): void {
  if (run.steps[at]!.bar) {
    chart.show(at);
    chart.focus(at);
  }
  choose(at);
}

/** To the next of these steps after the chosen one, round and round. */
function goTo(steps: readonly number[], by: 1 | -1 = 1): void {
  const [first] = steps;
  if (first === undefined) return announce('There is none.');
  const place = chosen === undefined ? -1 : steps.indexOf(chosen);
  const next = place < 0 ? first : steps[(place + by + steps.length) % steps.length]!;
  const typing = document.activeElement === byId('search');
  jump(next);
  if (typing) byId('search').focus();
}

function stepsWhere(is: (step: Timeline['steps'][number]) => boolean): readonly number[] {
  return run.steps.flatMap((step, at) => (is(step) ? [at] : []));
}

function found(): readonly number[] {
  const text = byId<HTMLInputElement>('search').value.trim().toLowerCase();
  if (text === '') return [];
  return stepsWhere((step) => `${step.word} ${step.text}`.toLowerCase().includes(text));
}

function showCritical(on: boolean): void {
  critical = on;
  byId('critical').setAttribute('aria-pressed', String(on));
  light();
}

/** What is asked for stays bright: words, an image, the critical path. */
function light(): void {
  const text = byId<HTMLInputElement>('search').value.trim();
  const words = text === '' ? undefined : new Set(found());
  const narrow = words !== undefined || image !== undefined || critical;
  const lit = stepsWhere((step) => (image === undefined || step.image === image) && (!critical || step.critical));
  chart.light(narrow ? new Set(lit.filter((at) => words?.has(at) ?? true)) : undefined);
  if (words) announce(`${count(words.size, 'step')} found`);
}

function reset(): void {
  byId<HTMLInputElement>('search').value = '';
  pickImage(undefined);
  showCritical(false);
  choose(undefined);
}

function pickImage(id: string | undefined): void {
  image = id;
  for (const button of byId('legend').querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset['image'] === id));
  }
  light();
}

function drawLegend(): void {
  const order = { failed: 0, blocked: 1, built: 2, cancelled: 3, cached: 4 } as const;
  const images = run.images.toSorted((a, b) => order[a.status] - order[b.status]);
  byId('legend').append(
    ...images.map(({ id, hue, facts, status }) => {
      const colour = element('i');
      colour.style.setProperty('--hue', String(hue));
      const attributes = { class: status, 'data-image': id, 'aria-pressed': 'false', title: facts };
      const button = element('button', attributes, colour, id, element('small', {}, status));
      button.addEventListener('click', () => pickImage(image === id ? undefined : id));
      return button;
    }),
  );
}

/** Steps that never were at work. */
function drawOthers(): void {
  const others = stepsWhere(({ bar }) => bar === undefined);
  byId('others').hidden = others.length === 0;
  byId('othersTitle').textContent = `${count(others.length, 'step')} that did not run`;
  byId('others').addEventListener(
    'toggle',
    () => {
      const rows = others.map((at) => {
        const step = run.steps[at]!;
        return element('li', {}, `${step.word}  ${step.text}  `, element('span', {}, outcomeOf(step)));
      });
      byId('othersList').append(...rows);
    },
    { once: true },
  );
}

function announce(text: string): void {
  byId('said').textContent = text;
}
