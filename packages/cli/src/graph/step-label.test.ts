import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelsOf } from './step-label.ts';

const step = (image: string, name: string) => ({ image, name });

test('a step is called by its image and stage', () => {
  const labels = {
    '[build 5/8] RUN make': 'web#build',
    '[build  5/12] RUN make': 'web#build',
    '[linux/arm64 build 5/8] RUN make': 'web#build',
    '[stage-1 2/2] COPY . .': 'web',
    '[2/2] COPY . .': 'web',
    '[linux/arm64 2/2] COPY . .': 'web',
    'make it': 'web',
  };
  for (const [name, label] of Object.entries(labels)) assert.deepEqual(labelsOf([step('web', name)]), [label]);
});

test('steps in a row of one stage are one word', () => {
  const path = [
    step('base', '[2/2] RUN a'),
    step('web', '[build  1/12] RUN b'),
    step('web', '[build 12/12] RUN c'),
    step('web', '[stage-1 1/1] COPY'),
  ];
  assert.deepEqual(labelsOf(path), ['base', 'web#build', 'web']);
});

test('what is loaded belongs to the stage that goes on with it, whichever image is told to own it', () => {
  const from = step('api', '[1/3] FROM docker.io/library/node');
  const context = step('api', '[internal] load build context');
  assert.deepEqual(labelsOf([from, step('base', '[2/3] RUN a'), step('api', '[2/2] RUN b')]), ['base', 'api']);
  assert.deepEqual(labelsOf([context, step('base', '[2/3] COPY . .')]), ['base']);
  assert.deepEqual(labelsOf([from]), ['api']);
});

test('of stages without names the last of an image is the image', () => {
  const path = [
    step('web', '[stage-0 2/2] RUN a'),
    step('web', '[build 2/2] RUN b'),
    step('web', '[stage-2 2/2] COPY'),
  ];
  assert.deepEqual(labelsOf(path), ['web#stage-0', 'web#build', 'web']);
});
