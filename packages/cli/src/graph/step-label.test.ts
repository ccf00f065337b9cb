import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelOf, labelsOf } from './step-label.ts';

test('a step is called by its image and stage', () => {
  assert.equal(labelOf('[build 5/8] RUN make', 'web'), 'web#build');
  assert.equal(labelOf('[linux/arm64 build 5/8] RUN make', 'web'), 'web#build');
  assert.equal(labelOf('[stage-1 2/2] COPY . .', 'web'), 'web');
  assert.equal(labelOf('[2/2] COPY . .', 'web'), 'web');
  assert.equal(labelOf('[linux/arm64 2/2] COPY . .', 'web'), 'web');
  assert.equal(labelOf('make it', 'web'), 'web');
});

test('steps in a row of one stage are one word', () => {
  const steps = ['[2/2] RUN a', '[build 1/2] RUN b', '[build 2/2] RUN c', '[stage-1 1/1] COPY'];
  const path = steps.map((name, i) => ({ name, image: i === 0 ? 'base' : 'web' }));
  assert.deepEqual(labelsOf(path), ['base', 'web#build', 'web']);
});
