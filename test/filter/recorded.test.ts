// Generated workspaces and filters, with what `turbo run build --dry=json --filter …` selects of them.
// `npm run oracle -- filter --record test/filter/recorded.json && npm run format` asks it anew; without --record it compares.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { ourAnswers, type Recorded } from './answer.ts';

const recorded = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as readonly Recorded[];

test('turbo and we mean the same by a filter', async () => {
  assert.ok(recorded.flatMap(({ asked }) => asked).length > 500);
  for (const { workspace, asked } of recorded) {
    await using folder = await makeTempFolder();
    const texts = asked.map(({ filters }) => filters.map(({ ours }) => ours));
    const answers = await ourAnswers(workspace, texts, folder.path);
    for (const [i, { filters, answer }] of asked.entries()) {
      const told = `${filters.map(({ ours }) => ours).join(' ')} in ${JSON.stringify(workspace)}`;
      assert.deepEqual(answers[i], answer, told);
    }
  }
});
