// The Dockerfile explorer: an editor, the graph of what is in it, and what a change would rebuild.

import type { Converted, Line, OpenedFile } from '../src/explore/answer.ts';
import { stepPicture } from '../src/graph/cards.ts';
import type { DetailedGraph, DetailedStep } from '../src/graph/details.ts';
import { ask } from './ask.ts';
import { stepDetails } from './details.ts';
import { byId, count, element, say } from './dom.ts';
import { Editor } from './editor.ts';
import { basesList, findingsList, rebuildList, stagesList } from './explore-lists.ts';
import { searchBox } from './search-box.ts';
import { addTools, Viewer } from './viewer.ts';

/** How long nothing is typed before the text is looked at, in milliseconds. */
const pause = 120;

const editor = new Editor(byId('editor'), { onEdit: () => changed(), onLine: (line) => showLine(line) });
const viewer = new Viewer(byId('canvas'), { onChoose: (key) => choose(key) });
addTools(viewer);

let file: OpenedFile;
let answer: Converted | undefined;
/** The last one that has a graph: shown pale while the text can't be built. */
let graph: DetailedGraph | undefined;
/** Steps that take a base image which could not be looked up. */
let unknown: ReadonlySet<string> = new Set();
let outlooks: Readonly<Record<string, string>> = {};
let tab: 'rebuild' | 'findings' | 'stages' | 'bases' = 'rebuild';
let chosen: string | undefined;
let asking: AbortController | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

async function open(): Promise<void> {
  await ask<OpenedFile>('file', { tell: (line) => (file = line) });
  take(file, { convert: false });
  byId('name').textContent = file.name;
  byId('path').textContent = file.path;
  document.title = `${file.name} · ${file.image}`;
  const target = byId<HTMLSelectElement>('target');
  target.append(element('option', { value: file.target }, file.target === '' ? 'last stage' : file.target));
  target.addEventListener('change', () => void convert());
  await convert();
}

/** The text as it would be saved. Text fields know no carriage returns: the lines end as the file's do. */
function textNow(): string {
  return file.text.includes('\r\n') ? editor.text.replaceAll('\n', '\r\n') : editor.text;
}

function isSaved(): boolean {
  return textNow() === file.text;
}

function changed(): void {
  byId<HTMLButtonElement>('save').disabled = isSaved();
  clearTimeout(timer);
  timer = setTimeout(() => void convert(), pause);
}

/** Has the server look at the text; what it was asked before does not matter any more. */
async function convert({ retry = false } = {}): Promise<void> {
  asking?.abort();
  const mine = (asking = new AbortController());
  say('…');
  try {
    const json = { text: textNow(), target: byId<HTMLSelectElement>('target').value, retry };
    await ask<Line>('convert', { json, signal: mine.signal, tell: (line) => mine === asking && told(line) });
  } catch (error) {
    if (mine.signal.aborted) return;
    say(error instanceof TypeError ? 'the command has ended: start cli explore again' : String(error), true);
  }
}

function told(line: Line): void {
  switch (line.kind) {
    case 'error':
      return say(line.message, true);
    case 'outlooks':
      outlooks = line.outlooks;
      viewer.restate(stateOf, Object.keys(outlooks));
      return choose(chosen);
    case 'converted': {
      answer = line;
      const errors = line.findings.filter(({ severity }) => severity === 'error').length;
      say(errors > 0 ? count(errors, 'error') : `looked at in ${line.ms} ms`, errors > 0);
      byId('canvas').classList.toggle('stale', !line.graph);
      showTargets(line);
      if (line.graph) {
        byId('empty').hidden = line.graph.steps.length > 0;
        const first = !graph;
        graph = line.graph;
        const names = line.bases
          .filter(({ state }) => state !== 'known')
          .map(({ name }) => `source docker-image://${name}`);
        unknown = new Set(graph.steps.filter(({ facts }) => names.includes(facts[0]!)).map(({ digest }) => digest));
        const needs = new Map(graph.steps.map(({ digest, inputs }) => [digest, inputs]));
        viewer.show({ picture: stepPicture(graph), needs, stateOf }, { keep: !first });
      }
      mark(line);
      showTabs();
      choose(chosen);
    }
  }
}

/** Class names of a step: what the change does to it, before what the cache has. */
function stateOf(step: string): string {
  return [answer?.rebuild?.steps[step]?.kind, outlooks[step], unknown.has(step) && 'unknown'].filter(Boolean).join(' ');
}

/** What is found and what is rebuilt, at the lines that it comes from. */
function mark({ findings, rebuild }: Converted): void {
  const touched = new Map<number, 'changed' | 'follows'>();
  for (const { digest, source } of graph?.steps ?? []) {
    const reason = rebuild?.steps[digest];
    if (!reason || !source || source.folder !== undefined) continue;
    for (let line = source.lines[0]; line <= source.lines[1]; line++) {
      if (touched.get(line) !== 'changed') touched.set(line, reason.kind);
    }
  }
  editor.mark(
    findings.flatMap((finding) =>
      finding.line === undefined
        ? []
        : [
            {
              ...finding,
              line: finding.line,
              endLine: finding.endLine ?? finding.line,
              column: finding.column,
              endColumn: finding.endColumn,
            },
          ],
    ),
    touched,
  );
}

function showTargets({ stages }: Converted): void {
  if (stages.length === 0) return;
  const target = byId<HTMLSelectElement>('target');
  const { value } = target;
  const names = stages.map(({ name }) => name).filter(Boolean);
  const options = ['', ...names, ...(value !== '' && !names.includes(value) ? [value] : [])];
  target.replaceChildren(
    ...options.map((name) => element('option', { value: name }, name === '' ? 'last stage' : name)),
  );
  target.value = value;
}

function showTabs(): void {
  if (!answer) return;
  const { findings, rebuild, stages, bases } = answer;
  const errors = findings.some(({ severity }) => severity === 'error');
  const open = bases.filter(({ state }) => state !== 'known').length;
  const tabs = [
    { name: 'rebuild', title: 'Rebuilds', number: Object.keys(rebuild?.steps ?? {}).length, tone: 'warn' },
    { name: 'findings', title: 'Findings', number: findings.length, tone: errors ? 'bad' : 'warn' },
    { name: 'stages', title: 'Stages', number: stages.length, tone: '' },
    { name: 'bases', title: 'Base images', number: bases.length, tone: open > 0 ? 'warn' : '' },
  ] as const;
  byId('tabs').replaceChildren(
    ...tabs.map(({ name, title, number, tone }) =>
      element(
        'button',
        {
          role: 'tab',
          id: `tab-${name}`,
          'aria-selected': String(tab === name),
          click: () => {
            tab = name;
            showTabs();
          },
        },
        title,
        element('span', { class: `count ${number > 0 ? tone : ''}` }, String(number)),
      ),
    ),
  );
  const list = { rebuild: rebuildList, findings: findingsList, stages: stagesList, bases: basesList }[tab];
  byId('list').replaceChildren(
    ...list({
      answer,
      graph,
      goTo: (line) => editor.goTo(line),
      choose: (step) => viewer.choose(step, { centre: true }),
      retry: () => void convert({ retry: true }),
    }),
  );
}

/** Shows what is known of a step; none closes the panel. */
function choose(key: string | undefined): void {
  chosen = key;
  const panel = byId('details');
  const step = graph?.steps.find(({ digest }) => digest === key);
  panel.hidden = !step;
  if (!step || !graph) return;
  const byDigest = new Map(graph.steps.map((each) => [each.digest, each]));
  const reason = answer?.rebuild?.steps[step.digest];
  const outlook = outlooks[step.digest] as DetailedStep['outlook'];
  panel.replaceChildren(
    ...stepDetails({
      step: { ...step, ...(outlook && { outlook }) },
      notes: unknown.has(step.digest)
        ? [{ text: 'This image could not be looked up so far: its digest and environment are missing.', tone: '' }]
        : reason
          ? [
              {
                text: `Would be built again: ${reason.because}.${outlook === 'hit' ? ' The cache has it from before.' : ''}`,
                tone: '',
              },
            ]
          : [],
      named: (digest) => byDigest.get(digest),
      users: graph.steps.filter(({ inputs }) => inputs.includes(step.digest)),
      onChoose: (digest) => viewer.choose(digest, { centre: true }),
      onPlace: step.source && step.source.folder === undefined ? (line) => editor.goTo(line) : undefined,
    }),
  );
}

/** The cursor is in a line: its step is marked in the graph, if it has one. */
function showLine(line: number): void {
  const step = graph?.steps.find(
    ({ source }) => source && source.folder === undefined && source.lines[0] <= line && line <= source.lines[1],
  );
  for (const row of document.querySelectorAll('.row.found')) row.classList.remove('found');
  if (step) document.querySelector(`.row[data-step="${step.digest}"]`)?.classList.add('found');
}

async function save(over = file.version): Promise<void> {
  const text = textNow();
  const conflict = byId('conflict');
  conflict.hidden = true;
  type Saved =
    | { kind: 'saved'; version: string }
    | { kind: 'conflict'; text: string; version: string }
    | { kind: 'error'; message: string };
  try {
    await ask<Saved>('save', {
      json: { text, over },
      tell(line) {
        if (line.kind === 'error') return say(line.message, true);
        if (line.kind === 'saved') {
          file = { ...file, text, version: line.version };
          say('saved');
          byId<HTMLButtonElement>('save').disabled = isSaved();
          return void convert();
        }
        conflict.hidden = false;
        conflict.replaceChildren(
          element('span', {}, 'The file was changed by somebody else.'),
          element('button', { click: () => void save(line.version) }, 'Save over it'),
          element('button', { click: () => take(line) }, 'Take theirs'),
        );
      },
    });
  } catch (error) {
    say(error instanceof TypeError ? 'not saved: the command has ended' : String(error), true);
  }
}

/** Shows what is in the file, in the place of what was typed. */
function take(
  { text, version }: { readonly text: string; readonly version: string },
  { convert = true }: { readonly convert?: boolean } = {},
): void {
  byId('conflict').hidden = true;
  file = { ...file, text, version };
  editor.text = text;
  if (convert) changed();
}

/** A file that was changed elsewhere, and not here, is read anew. */
async function look(): Promise<void> {
  if (!isSaved()) return;
  await ask<OpenedFile>('file', { tell: (now) => now.version !== file.version && take(now) }).catch((error: Error) =>
    say(error.message, true),
  );
}

function stepsWith(word: string): readonly string[] {
  const hits = (graph?.steps ?? []).filter(
    ({ name, digest }) => name.toLowerCase().includes(word) || digest.includes(word),
  );
  return hits.map(({ digest }) => digest);
}

searchBox({ viewer, hits: stepsWith, say });
byId('save').addEventListener('click', () => void save());
addEventListener('focus', () => void look());
addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
    event.preventDefault();
    if (!isSaved()) void save();
  } else if (event.key === 'Escape' && chosen !== undefined) viewer.choose(undefined);
});
addEventListener('beforeunload', (event) => {
  if (!isSaved()) event.preventDefault();
});

const divider = byId('divider');
const widen = (pixels: number) => {
  byId('left').style.width = `${Math.min(innerWidth - 320, Math.max(280, pixels))}px`;
};
divider.addEventListener('pointerdown', ({ pointerId }) => divider.setPointerCapture(pointerId));
divider.addEventListener('pointermove', ({ clientX, pointerId }) => {
  if (divider.hasPointerCapture(pointerId)) widen(clientX);
});
divider.addEventListener('keydown', ({ key }) => {
  const by = { ArrowLeft: -40, ArrowRight: 40 }[key];
  if (by !== undefined) widen(byId('left').offsetWidth + by);
});

await open();
