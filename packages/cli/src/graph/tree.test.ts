import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStream } from '../ui/recorded.fixture.ts';
import { drawn, edgesOf } from './drawn.ts';
import type { ShownGraph } from './graph.ts';
import { imageTree, stepTree } from './tree.ts';

const step = (digest: string, name: string, inputs: readonly string[], images: readonly string[]) => ({
  digest,
  name,
  inputs,
  images,
});

const graph: ShownGraph = {
  images: [
    { id: 'base', needs: [], steps: ['f', 'r'] },
    { id: 'api', needs: ['base'], steps: ['f', 'r', 'c', 'o'] },
    { id: 'e2e', needs: ['api', 'base'], steps: [] },
  ],
  steps: [
    step('f', `[1/2] FROM busybox@sha256:${'ab'.repeat(32)}`, [], ['base', 'api']),
    step('r', '[2/2] RUN echo "<hi>"', ['f'], ['base', 'api']),
    step('c', '[internal] load build context', [], ['api']),
    step('o', '[build 1/1] COPY . .', ['r', 'c'], ['api']),
  ],
};

test('images stand below what they are built from', () => {
  assert.equal(
    imageTree(graph, memoryStream()),
    `base  2 steps
├─ api  4 steps
│  └─ e2e  also from base
└─ e2e  also from api
`,
  );
});

test('steps stand in their stages, and tell who shares them', () => {
  assert.equal(
    stepTree(graph, memoryStream()),
    `base
├─ [1/2] FROM busybox@sha256:abababababab  shared with api
└─ [2/2] RUN echo "<hi>"  shared with api

api  built from base
├─ of base
│  ├─ [1/2] FROM busybox@sha256:abababababab  shared with base
│  └─ [2/2] RUN echo "<hi>"  shared with base
├─ sources
│  └─ [internal] load build context
└─ build
   └─ [build 1/1] COPY . .
`,
  );
});

test('Graphviz and Mermaid get arrows from what is built first', () => {
  assert.equal(
    drawn(edgesOf(graph, 'image'), 'dot'),
    `digraph {
  node [shape=box];
  n1 [label="base" style=bold];
  n2 [label="api"];
  n3 [label="e2e"];
  n1 -> n2;
  n2 -> n3;
  n1 -> n3;
}
`,
  );
  const mermaid = drawn(edgesOf(graph, 'step'), 'mermaid').split('\n');
  assert.equal(mermaid[2], '  n2[["[2/2] RUN echo #quot;#lt;hi#gt;#quot;<br/>base, api"]]');
  assert.deepEqual(mermaid.slice(5), ['  n1 --> n2', '  n2 --> n4', '  n3 --> n4', '']);
});
