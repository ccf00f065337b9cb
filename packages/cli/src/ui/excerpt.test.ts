import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excerptOf } from './excerpt.ts';

const text = 'FROM busybox\nRUN a\n  RUN broken --flag\nCOPY . .\nCMD x\n';

test('a line is shown between its neighbours, with a marker below', () => {
  assert.equal(
    excerptOf(text, [3, 3], { note: 'exited 1' }),
    `   1 │ FROM busybox
   2 │ RUN a
 ❯ 3 │   RUN broken --flag
     │   ^^^^^^^^^^^^^^^^^ exited 1
   4 │ COPY . .`,
  );
});

test('columns are marked where they are known', () => {
  assert.match(excerptOf(text, [3, 3], { note: 'what?', columns: [14, 20] }), /\n {5}│ {14}\^{6} what\?\n/);
});

test('lines are cut at the edge of the screen, and control characters are shown as dots', () => {
  const shown = excerptOf(`RUN ${'x'.repeat(100)}\nA\u001B[31m\tB\r\n`, [1, 1], { note: '', width: 40 });
  assert.deepEqual(
    shown.split('\n').map((line) => line.length <= 80),
    [true, true, true],
  );
  assert.match(shown, /2 │ A·\[31m B$/);
});
