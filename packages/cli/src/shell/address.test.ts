import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepWord } from '../ui/step-word.ts';
import { isAt, parseAddress } from './address.ts';

test('parseAddress reads images, stages and steps', () => {
  assert.deepEqual(parseAddress('web'), { image: 'web' });
  assert.deepEqual(parseAddress('web#build'), { image: 'web', stage: 'build' });
  assert.deepEqual(parseAddress('web#build:5'), { image: 'web', stage: 'build', index: 5 });
  assert.deepEqual(parseAddress('web:5'), { image: 'web', index: 5 });
  assert.deepEqual(parseAddress('web@1'), { image: 'web@1' });
});

test('isAt knows a step by its image, its stage and itself', () => {
  const name = '[linux/arm64 build  5/12] RUN make';
  for (const text of ['web', 'web#build', 'web#BUILD', 'web#build:5']) assert.ok(isAt(parseAddress(text), name), text);
  for (const text of ['web:5', 'web#build:4', 'web#deps']) assert.ok(!isAt(parseAddress(text), name), text);
  assert.ok(isAt(parseAddress('web:2'), '[2/3] RUN make'));
  assert.ok(!isAt(parseAddress('web:2'), '[build 2/3] RUN make'));
  assert.ok(!isAt(parseAddress('web:2'), 'make'));
});

test('parseAddress and isAt understand what stepWord writes', () => {
  const vertex = 'sha256:0' as const;
  for (const name of [
    '[build  5/12] RUN make',
    '[2/3] RUN make',
    '[linux/arm64 2/3] RUN make',
    '[linux/amd64->arm64 build 2/5] RUN make',
  ]) {
    const word = stepWord({ vertex, name, image: 'web' });
    assert.equal(parseAddress(word).image, 'web', word);
    assert.ok(isAt(parseAddress(word), name), word);
  }
});
