// The graph of images and steps: what the cache holds of it, and how a build of it goes.

import { imagePicture, stepPicture, type Picture } from '../src/graph/cards.ts';
import { toldPath } from '../src/graph/critical.ts';
import type { DetailedGraph, DetailedStep } from '../src/graph/details.ts';
import type { ShownGraphPage } from '../src/graph/page.ts';
import type { EventLine } from '../src/page/feed.ts';
import { ask } from './ask.ts';
import { cardDetails } from './card-details.ts';
import { stepDetails } from './details.ts';
import { byId, count, duration, element, say } from './dom.ts';
import { Run } from './run.ts';
import { searchBox } from './search-box.ts';
import { addTools, Viewer } from './viewer.ts';

const viewer = new Viewer(byId('canvas'), { onChoose: (key) => choose(key) });
addTools(viewer);
const run = new Run();
let shown: ShownGraphPage;
let graph: DetailedGraph = { images: [], steps: [] };
let byDigest = new Map<string, DetailedStep>();
let picture: Picture = { cards: [], links: [] };
let level: 'image' | 'step' = 'image';
/** The image whose steps are shown alone. */
let only: string | undefined;
let chosen: string | undefined;
let critical = false;
/** What changed since it was shown. */
const stale = new Set<string>();
let frame = 0;

for (const name of ['image', 'step'] as const) {
  byId(`${name}s`).addEventListener('click', () => {
    level = name;
    only = undefined;
    show({ keep: false });
  });
}
byId('only').addEventListener('click', () => {
  only = undefined;
  show({ keep: false });
});
byId('critical').addEventListener('click', () => {
  critical = !critical;
  byId('critical').setAttribute('aria-pressed', String(critical));
  markCritical();
});
searchBox({
  viewer,
  hits: (word) => (level === 'image' ? cardsWith(word) : stepsWith(word)),
  say: (text) => (text === '' && run.startedAt !== undefined ? showProgress() : say(text)),
});
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && chosen !== undefined) viewer.choose(undefined);
});

await ask<ShownGraphPage>('graph', { tell: (line) => (shown = line) });
if (shown!.graph) take(shown!.graph);
legend();
if (shown!.live) void follow();

function take(next: DetailedGraph): void {
  const first = graph.steps.length === 0;
  graph = next;
  byDigest = new Map(graph.steps.map((step) => [step.digest, step]));
  if (first) level = shown.level ?? (graph.images.length === 1 ? 'step' : 'image');
  byId('totals').textContent = [
    count(graph.images.length, 'image'),
    count(graph.steps.length, 'step'),
    `${graph.steps.filter(({ images }) => images.length > 1).length} shared`,
  ].join(' · ');
  show({ keep: !first });
}

function show({ keep }: { readonly keep: boolean }): void {
  const part = only === undefined ? graph : partOf(only);
  picture = level === 'image' ? imagePicture(part) : stepPicture(part, graph);
  const needs =
    level === 'image'
      ? groups(picture.links.map(({ from, to }) => [to, from] as const))
      : new Map(part.steps.map(({ digest, inputs }) => [digest, inputs] as const));
  const started = performance.now();
  viewer.show({ picture, needs, stateOf }, { keep });
  document.body.dataset['drawnIn'] = String(Math.round(performance.now() - started));
  for (const name of ['image', 'step'] as const) byId(`${name}s`).setAttribute('aria-pressed', String(level === name));
  byId('only').hidden = only === undefined;
  byId('only').textContent = `only ${only} ×`;
  byId('empty').hidden = picture.cards.length > 0;
  byId('empty').textContent = shown.live ? 'Waiting for the build …' : 'There is nothing to build.';
  showCards();
  markCritical();
}

function partOf(id: string): DetailedGraph {
  const steps = graph.steps.filter(({ images }) => images.includes(id));
  return { images: graph.images.filter((image) => image.id === id), steps };
}

function groups(pairs: readonly (readonly [string, string])[]): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const [key, value] of pairs) map.set(key, [...(map.get(key) ?? []), value]);
  return map;
}

/** What a run says of a step, or what the cache has where none does. */
function stateOf(step: string): string {
  const running = run.steps.get(step)?.state;
  if (running) return running;
  // What nothing asked for, because what reads it was there, is there too.
  if (run.startedAt !== undefined) return byDigest.get(step)?.images.some((image) => run.has(image)) ? 'hit' : '';
  return byDigest.get(step)?.outlook ?? '';
}

/** Cards that stand for many steps: the worst of their states, and how much is done. */
function showCards(): void {
  if (level !== 'image') return;
  const cards = new Map(picture.cards.map((card) => [card.id, card]));
  viewer.restateCards((id) => {
    const { steps } = cards.get(id)!;
    const states = steps.map(stateOf).filter((state) => state !== 'look');
    const done = states.filter((state) => state === 'hit' || state === 'done').length;
    const word = ['failed', 'running'].find((state) => states.includes(state));
    const all = states.length > 0 && done === states.length;
    return { state: word ?? (all ? 'hit' : ''), part: states.length === 0 ? 0 : done / states.length };
  });
}

async function follow(): Promise<void> {
  byId('progress').hidden = false;
  const timer = setInterval(() => {
    showProgress();
    const step = chosen === undefined ? undefined : run.steps.get(chosen);
    if (step?.state === 'running') choose(chosen);
  }, 500);
  try {
    await ask<EventLine>('events', { tell: (line) => happened(line) });
  } catch (error) {
    if (!run.ended) say(error instanceof TypeError ? 'the command has ended' : String(error), true);
  }
  clearInterval(timer);
  showProgress();
}

function happened(line: EventLine): void {
  if (line.type === 'feed.error') return say(String(line['message']), true);
  const changed = run.take(line);
  if (changed === 'plan') {
    const told = run.graph();
    const all = told.steps.every(({ digest }) => byDigest.has(digest));
    // What the definitions tell is more than what the run does.
    if (!all || !shown.graph) take(merged(graph, told));
    return;
  }
  if (changed === 'start' || changed === 'image') for (const step of byDigest.keys()) stale.add(step);
  else if (changed !== undefined) stale.add(changed);
  frame ||= requestAnimationFrame(refresh);
}

function merged(known: DetailedGraph, told: DetailedGraph): DetailedGraph {
  const old = new Map(known.steps.map((step) => [step.digest, step]));
  const images = new Map([...known.images, ...told.images].map((image) => [image.id, image]));
  const digests = new Set(told.steps.map(({ digest }) => digest));
  return {
    images: [...images.values()],
    steps: [
      ...known.steps.filter(({ digest }) => !digests.has(digest)),
      ...told.steps.map((step) => old.get(step.digest) ?? step),
    ],
  };
}

function refresh(): void {
  frame = 0;
  viewer.restate(stateOf, stale);
  showCards();
  if (chosen !== undefined && (stale.has(chosen) || level === 'image')) choose(chosen);
  stale.clear();
  if (critical) markCritical();
  showProgress();
}

function showProgress(): void {
  if (run.startedAt === undefined) return;
  const states = graph.steps.map(({ digest }) => run.steps.get(digest)?.state);
  const over = states.filter((state) => state === 'done' || state === 'hit').length;
  const running = states.filter((state) => state === 'running').length;
  const failed = states.filter((state) => state === 'failed').length;
  const bar = byId('progress');
  // What nothing needs because its users were in the cache is over when the run is.
  const part = run.ended?.code === 0 ? 1 : over / Math.max(1, states.length);
  (bar.firstElementChild as HTMLElement).style.width = `${part * 100}%`;
  bar.classList.toggle('done', run.ended?.code === 0);
  bar.classList.toggle('bad', failed > 0);
  const time = duration(run.ended?.ms ?? Date.now() - run.startedAt);
  if (run.ended) say(run.ended.code === 0 ? `built in ${time}` : `failed after ${time}`, run.ended.code !== 0);
  else say([`${over} of ${states.length}`, running > 0 ? `${running} running` : '', time].filter(Boolean).join(' · '));
}

/** By time where a run tells of it; else by the number of steps that would run. */
function markCritical(): void {
  if (!critical) return viewer.mark([]);
  const ran = [...run.steps.keys()].some((step) => run.took(step) > 0);
  const weight = ({ digest, kind, outlook }: DetailedStep) => {
    if (ran) return run.took(digest);
    return kind === 'source' || outlook === 'hit' || outlook === 'look' ? 0 : 1;
  };
  const steps = only === undefined ? graph.steps : partOf(only).steps;
  const path = toldPath(steps, weight);
  const total = path.reduce((sum, step) => sum + weight(step), 0);
  if (!run.startedAt || run.ended)
    say(ran ? `critical path ${duration(total)}` : `critical path: ${count(total, 'step')} to run`);
  const on = new Set(path.map(({ digest }) => digest));
  viewer.mark(
    level === 'step'
      ? [...on]
      : picture.cards.filter(({ steps: own }) => own.some((step) => on.has(step))).map(({ id }) => id),
  );
}

function stepsWith(word: string): readonly string[] {
  const hits = graph.steps.filter(({ name, digest }) => name.toLowerCase().includes(word) || digest.includes(word));
  return hits.map(({ digest }) => digest);
}

/** Names before what they are made of. */
function cardsWith(word: string): readonly string[] {
  const steps = new Set(stepsWith(word));
  const named = picture.cards.filter(({ title }) => title.toLowerCase().includes(word));
  const others = picture.cards.filter((card) => !named.includes(card) && card.steps.some((step) => steps.has(step)));
  return (named.length > 0 ? named : others).map(({ id }) => id);
}

function choose(key: string | undefined): void {
  chosen = key;
  const panel = byId('details');
  const step = key === undefined ? undefined : byDigest.get(key);
  const card = key === undefined ? undefined : picture.cards.find(({ id }) => id === key);
  panel.hidden = !step && !card;
  if (step) panel.replaceChildren(...ofStep(step));
  else if (card) {
    const onClose = () => viewer.choose(undefined);
    const onOnly = (image: string) => showOnly(image);
    panel.replaceChildren(...cardDetails({ card, graph, stateOf, onClose, onOnly, onStep: reveal }));
  }
}

function ofStep(step: DetailedStep): readonly Node[] {
  const { digest } = step;
  const { state, error } = run.steps.get(digest) ?? {};
  const took = duration(run.took(digest));
  const notes = {
    running: { text: `Running for ${took}.`, tone: '' },
    done: { text: run.took(digest) > 0 ? `Ran for ${took}.` : 'Done.', tone: 'hit' },
    hit: { text: 'Its result was in the cache.', tone: 'hit' },
    failed: { text: `Failed after ${took}. ${error ?? ''}`, tone: 'bad' },
    cancelled: { text: 'Given up.', tone: '' },
  } as const;
  return stepDetails({
    step,
    notes: state ? [notes[state]] : [],
    named: (each) => byDigest.get(each),
    users: graph.steps.filter(({ inputs }) => inputs.includes(digest)),
    onChoose: (each) => viewer.choose(each, { centre: true }),
    log: run.logs.get(digest),
  });
}

function showOnly(image: string): void {
  only = image;
  level = 'step';
  show({ keep: false });
}

/** Goes to a step among all steps. */
function reveal(digest: string): void {
  level = 'step';
  show({ keep: false });
  viewer.choose(digest, { centre: true });
}

function legend(): void {
  byId('canvas').classList.toggle('live', shown.live);
  const words = shown.live
    ? { running: 'running', done: 'ran', hit: 'in the cache', failed: 'failed' }
    : { hit: 'in the cache', run: 'would run', open: 'depends' };
  byId('legend').replaceChildren(
    ...Object.entries(words).map(([kind, text]) => element('span', {}, element('i', { class: kind }), text)),
  );
}
