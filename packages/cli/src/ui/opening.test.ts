import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sayUntilWritten } from './opening.ts';
import { screenStream } from './screen.fixture.ts';

test('the first word is gone as soon as there is another one, on either stream', () => {
  for (const which of [0, 1]) {
    const stderr = screenStream();
    const stdout = Object.create(stderr, {
      write: { value: stderr.write.bind(stderr), writable: true, configurable: true },
    }) as NodeJS.WriteStream;
    using _said = sayUntilWritten('reading', [stderr, stdout]);
    assert.deepEqual(stderr.lines(), ['reading']);
    [stderr, stdout][which]!.write('one\n');
    stderr.write('two\n');
    assert.deepEqual(stderr.lines(), ['one', 'two']);
  }
});

test('nothing is left of it where nothing else was said', () => {
  const stderr = screenStream();
  sayUntilWritten('reading', [stderr])[Symbol.dispose]();
  stderr.write('$');
  assert.deepEqual(stderr.lines(), ['$']);
});
