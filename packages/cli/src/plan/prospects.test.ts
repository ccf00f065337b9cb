import assert from 'node:assert/strict';
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
  });
  assert.deepEqual(prospects.facts.plan!(), { cached: 1, run: 1, unknown: 1, pulls: { bases: 1, bytes: 7 } });
});
