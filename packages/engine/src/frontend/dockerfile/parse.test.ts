import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from './parse.ts';

function nodes(text: string) {
  const { nodes, mistakes } = parse(text);
  assert.deepEqual(
    mistakes.map(({ message }) => message),
    [],
  );
  return nodes;
}

test('continued lines are joined, comments and empty lines in them dropped', () => {
  const parsed = parse('FROM a\nRUN one \\\n  # a comment\n\n  two \\  \n three\nRUN next\n');
  const [, run, next] = parsed.nodes;
  assert.equal(run!.rest, 'one   two  three');
  assert.deepEqual([run!.range.start.line, run!.range.end.line], [2, 6]);
  assert.equal(next!.range.start.line, 7);
  assert.deepEqual(parsed.emptyContinuations, [6]);
});

test('an escaped escape character does not continue a line', () => {
  assert.deepEqual(
    nodes('FROM a\nRUN x \\\\\nRUN y\n').map(({ rest }) => rest),
    ['a', 'x \\\\', 'y'],
  );
});

test('a directive changes the escape character', () => {
  const parsed = parse('# escape=`\nFROM a\nRUN one `\n two\\\n');
  assert.equal(parsed.escape, '`');
  assert.equal(parsed.nodes[1]!.rest, 'one  two\\');
});

test('directives end at the first line that is none', () => {
  assert.equal(parse('# hello\n# escape=`\nFROM a\n').escape, '\\');
  assert.equal(parse('\n# escape=`\nFROM a\n').escape, '\\');
  assert.match(parse('# escape=`\n# escape=`\nFROM a').mistakes[0]!.message, /only one escape parser directive/);
  assert.match(parse('# escape=x\nFROM a').mistakes[0]!.message, /invalid escape token 'x'/);
});

test('a byte order mark, CRLF and a missing end of line are fine', () => {
  const [from, run] = nodes('\uFEFFFROM a\r\nRUN one \\\r\n two');
  assert.equal(from!.keyword, 'FROM');
  assert.equal(run!.rest, 'one  two');
});

test('flags are taken off the arguments', () => {
  const [, copy] = nodes(`FROM a\nCOPY --from=x --chown="a b" -- --odd /y\n`);
  assert.deepEqual(copy!.flags, ['--from=x', '--chown=a b']);
  assert.equal(copy!.rest, '--odd /y');
});

test('heredocs belong to their instruction', () => {
  const [, run, copy, last] = nodes(
    'FROM a\nRUN <<A cat <<-"B"\none\nA\n\ttwo\n\tB\nCOPY <<f /x\n$v\nf\nRUN ["<<EOF"]\n',
  );
  assert.deepEqual(
    run!.heredocs.map(({ name, content, expand, chomp }) => ({ name, content, expand, chomp })),
    [
      { name: 'A', content: 'one\n', expand: true, chomp: false },
      { name: 'B', content: '\ttwo\n', expand: false, chomp: true },
    ],
  );
  assert.equal(copy!.heredocs[0]!.content, '$v\n');
  assert.deepEqual(last!.heredocs, []);
  assert.match(parse('FROM a\nRUN <<EOF\nx\n').mistakes[0]!.message, /unterminated heredoc/);
});

test('comments right above are kept, an empty one ends them', () => {
  const [from] = nodes('# lost\n#\n# base image\n# of all\nFROM a\n');
  assert.deepEqual(from!.comments, ['base image', 'of all']);
});

test('a file without instructions and an endless line are mistakes', () => {
  assert.match(parse('').mistakes[0]!.message, /no instructions/);
  assert.match(parse('# nothing\n\n').mistakes[0]!.message, /no instructions/);
  const parsed = parse(`FROM a\nRUN ${'x'.repeat(70_000)}\n`);
  assert.match(parsed.mistakes[0]!.message, /greater than max allowed size of 65535/);
  assert.equal(parsed.mistakes[0]!.failure.places![0]!.start.line, 2);
});
