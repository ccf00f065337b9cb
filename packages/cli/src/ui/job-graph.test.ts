import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '@monokit/engine';
import { jobGraph } from './job-graph.ts';
import { emptyModel } from './model.ts';
import { began, digest } from './recorded.fixture.ts';
import { reduce } from './reduce.ts';

const folders = new Map(['base', 'api', 'web', 'lone'].map((id) => [id, `/src/${id}`]));

/** `base` ← `api` ← `web`, and `lone`, with their steps and what became of them. */
function modelOf(ends: readonly RunEvent[], named: ReadonlyMap<string, string> = folders) {
  const ids = [...named.keys()];
  const [base, api, web, lone] = ids as [string, string, string, string];
  const vertex = (letter: string, folder: string, wantedBy: readonly string[]) => ({
    vertex: digest(letter),
    name: '[1/1] RUN x',
    inputs: [],
    wantedBy,
    uses: wantedBy.length,
    source: { file: 'Dockerfile', folder, lines: [1, 1] as const },
  });
  const vertices = [
    vertex('b', '/src/base', [base, api, web]),
    vertex('a', '/src/api', [api, web]),
    vertex('w', '/src/web', [web]),
    vertex('l', '/src/lone', [lone]),
  ];
  const merged: RunEvent = { kind: 'graph-merged', at: began, vertices };
  return [merged, ...ends].reduce(reduce, emptyModel({ ids, startedAt: began, folders: named }));
}

test('images that were built stand behind those that they are built from, and no others are drawn', () => {
  const done = (task: string, letter: string, ran: boolean): RunEvent[] => [
    ...(ran ? [{ kind: 'vertex-started' as const, vertex: digest(letter), at: began }] : []),
    { kind: ran ? 'vertex-completed' : 'vertex-cached', vertex: digest(letter), at: began },
    { kind: 'task-completed', task, at: began + 1 },
  ];
  const ends = [
    ...done('base', 'b', false),
    ...done('api', 'a', true),
    ...done('web', 'w', true),
    ...done('lone', 'l', false),
  ];
  const lines = jobGraph(modelOf(ends))!.split('\n');
  assert.deepEqual(lines.slice(0, 6), [
    'graph LR',
    '  i0["base"]:::cached',
    '  i1["api"]:::built',
    '  i2["web"]:::built',
    '  i0 --> i1',
    '  i1 --> i2',
  ]);
});

test('nothing is drawn where no image stands on another', () => {
  const ids = [...folders.keys()];
  assert.equal(jobGraph(modelOf([], new Map(ids.map((id) => [id, '/src'])))), undefined);
});

test('what is in a name is no Mermaid', () => {
  const ids = ['base', 'a"]; click i0 "javascript:x"', 'web', 'lone'];
  const named = new Map(ids.map((id, i) => [id, [...folders.values()][i]!]));
  const text = jobGraph(modelOf([], named))!;
  assert.match(text, /^ {2}i1\["a#34;#93;#59; click i0 #34;javascript#58;x#34;"\]:::cancelled$/m);
});
