import assert from 'node:assert/strict';
import { test } from 'node:test';
import { questionOf } from './question.ts';

test('images, stages and lines are asked about', () => {
  const known = (id: string) => ['api', 'api#test', 'team:1'].includes(id);
  assert.deepEqual(questionOf('api', known), { image: 'api' });
  assert.deepEqual(questionOf('api#build', known), { image: 'api', stage: 'build' });
  assert.deepEqual(questionOf('api#test', known), { image: 'api#test' });
  assert.deepEqual(questionOf('api:12', known), { image: 'api', line: 12 });
  assert.deepEqual(questionOf('team:1', known), { image: 'team:1' });
  assert.deepEqual(questionOf('nobody', known), { image: 'nobody' });
});
