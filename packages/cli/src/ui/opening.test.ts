import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriteStream } from 'node:tty';
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

test('it is dimmed where colours are wanted only', (context) => {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  context.after(() => {
    for (const [name, value] of Object.entries({ NO_COLOR, FORCE_COLOR })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const said = () => {
    const { getColorDepth } = WriteStream.prototype;
    const stderr = Object.assign(screenStream(), { getColorDepth });
    sayUntilWritten('reading', [stderr])[Symbol.dispose]();
    return stderr.pieces[0];
  };
  delete process.env['NO_COLOR'];
  process.env['FORCE_COLOR'] = '1';
  assert.equal(said(), '\u001b[2mreading\u001b[22m');
  delete process.env['FORCE_COLOR'];
  process.env['NO_COLOR'] = '1';
  assert.equal(said(), 'reading');
});
