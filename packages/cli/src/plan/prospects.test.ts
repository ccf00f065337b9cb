import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import type { Digest } from '@monokit/engine';
import { Prospects } from './prospects.ts';

const vertex = (name: string, inputs: readonly Digest[] = []) => ({
  vertex: `sha256:${Buffer.from(name).toString('hex').padStart(64, '0')}` as Digest,
  name,
  inputs,
  wantedBy: ['web'],
  uses: 1,
});

test('what is about to happen is told once it is known, internal steps left out', () => {
  const prospects = new Prospects();
  const [base, context, copy, run] = ['FROM x', '[internal] load build context', 'COPY', 'RUN'].map((name) =>
    vertex(name),
  );
  assert.equal(prospects.facts.plan!(), undefined);
  prospects.report({ kind: 'graph-merged', at: 0, vertices: [base!, context!, copy!, run!] });
  assert.equal(prospects.facts.plan!(), undefined);
  prospects.report({
    kind: 'graph-foreseen',
    at: 0,
    vertices: [
      { vertex: context!.vertex, outlook: 'run' },
      { vertex: copy!.vertex, outlook: 'run' },
      { vertex: run!.vertex, outlook: 'open' },
    ],
    pulls: [{ vertex: base!.vertex, bytes: 7 }],
    time: { wall: 500, steps: 3, withoutHistory: 3 },
  });
  const planned = { cached: 1, run: 1, unknown: 1, pulls: { bases: 1, bytes: 7 } };
  assert.deepEqual(prospects.facts.plan!(), planned, 'a guess is not a time');
  assert.equal(prospects.facts.remaining!(100), undefined);
  prospects.report({
    kind: 'graph-foreseen',
    at: 1000,
    vertices: [],
    pulls: [],
    time: { wall: 2000, steps: 4, withoutHistory: 0 },
  });
  assert.deepEqual(prospects.facts.plan!(), { ...planned, duration: 2500, cpus: availableParallelism() });
  assert.equal(prospects.facts.remaining!(1500), 1500, 'of the last one that was foreseen');
  assert.equal(prospects.facts.remaining!(3500), undefined, 'who is late says nothing');
});
