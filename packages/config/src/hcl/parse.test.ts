import assert from 'node:assert/strict';
import test from 'node:test';
import { parseJsonHcl } from './json.ts';
import { HclMistake, Lines } from './mistake.ts';
import { parseHcl, parseSingleExpression } from './parse.ts';

/** What is wrong with a file, as `line:column: message`. */
function mistakeIn(text: string): string | undefined {
  try {
    parseHcl({ file: 'x.hcl', text });
  } catch (error) {
    assert.ok(error instanceof HclMistake, String(error));
    const [{ message, span, hint } = assert.fail()] = error.problems;
    const { line, column } = new Lines(text).rangeOf(span).start;
    return `${line}:${column}: ${message}${hint ? ` (${hint})` : ''}`;
  }
  return undefined;
}

test('a file is attributes and blocks; comments and line breaks lie between them', () => {
  const text = `# one
a = 1 // two
/* three
   lines */ b = [
  1, # in a list
  2,
]
block "label" bare {
  c = { d = 1, "e f" : 2
    g = 3 }
  inner {}
}
single { d = 1 }
`;
  const body = parseHcl({ file: 'x.hcl', text });
  assert.deepEqual(
    body.attributes.map(({ name }) => name),
    ['a', 'b'],
  );
  const [block, single] = body.blocks;
  assert.deepEqual(
    block!.labels.map((label) => label.text),
    ['label', 'bare'],
  );
  assert.equal(block!.body.blocks[0]!.type, 'inner');
  assert.equal(single!.body.attributes[0]!.name, 'd');
});

test('mistakes are told with their place and what to do', () => {
  assert.equal(
    mistakeIn('a = 1, b = 2'),
    '1:6: a new line is missing here, before "," (arguments are separated by lines, not by commas)',
  );
  assert.equal(mistakeIn('a =\n'), '1:4: a value is missing; here is the end of the line');
  assert.equal(mistakeIn("a = 'x'"), '1:5: a text is written in double quotes, not in single ones');
  assert.equal(
    mistakeIn('a = "x\nb = 1'),
    '1:5: this text has no closing quote (write \\n for a line break in it, or a heredoc (<<EOT) for several lines)',
  );
  assert.equal(mistakeIn('target "a" {\n  b = 1\n'), '1:12: this block has no closing "}"');
  assert.equal(
    mistakeIn('a = [1, 2'),
    '1:10: "]" is missing after the items of the list (or a comma between them); here is the end of the text',
  );
  assert.equal(mistakeIn('a = 1\na = 2'), '2:1: a is set twice here; each argument is set once');
  assert.equal(
    mistakeIn('a = "\\q"'),
    '1:6: \\q is not an escape (there are \\n \\r \\t \\" \\\\ \\uXXXX and \\UXXXXXXXX)',
  );
  assert.equal(mistakeIn('a = <<EOT\nx'), '1:5: this heredoc has no end (write EOT on a line of its own after it)');
  assert.equal(
    mistakeIn('a = "${x:1}"'),
    '1:9: "}" is missing here, where ":" is (write $${ if it is meant for another language, such as a shell)',
  );
  assert.equal(mistakeIn('a = "%{iff x}"'), '1:8: "iff" is not a directive of a template (did you mean %{if}?)');
  assert.equal(mistakeIn('a = x & y'), '1:7: there is no operator & (write &&)');
  assert.equal(
    mistakeIn('a = {b.c = 1}'),
    '1:6: a key with dots could be a name or a value (write it in quotes if it is a name, or in parentheses if it is a value)',
  );
});

test('whatever is nested too deeply is a mistake, and no overflow of the stack', () => {
  const many = 100_000;
  const nested = [
    '('.repeat(many),
    '['.repeat(many),
    '{a='.repeat(many),
    '!'.repeat(many),
    '-'.repeat(many),
    '"${'.repeat(many),
    'f('.repeat(many),
    'a?'.repeat(many),
    `1${'+1'.repeat(many)}`,
    `a${'[b]'.repeat(many)}`,
    `a${'[*]'.repeat(many)}`,
    `"${'%{if true}'.repeat(many)}"`,
    `[${'for a in '.repeat(many)}`,
  ];
  for (const text of nested)
    assert.throws(() => parseSingleExpression({ file: 'x', text }), HclMistake, text.slice(0, 20));
  assert.throws(() => parseHcl({ file: 'x', text: 'b {\n'.repeat(many) }), HclMistake);
  assert.throws(() => parseJsonHcl({ file: 'x', text: '{"a":'.repeat(many) }, {}), HclMistake);
  assert.throws(() => parseJsonHcl({ file: 'x', text: '['.repeat(many) }, {}), HclMistake);
});

test('time grows with the length of a text, not with its square', () => {
  const timeOf = (text: string) => {
    const began = performance.now();
    try {
      parseHcl({ file: 'x', text });
    } catch (error) {
      assert.ok(error instanceof HclMistake);
    }
    return performance.now() - began;
  };
  for (const part of [
    'a = 1\n',
    'x "y" { z = "${upper("q")}" }\n',
    '# c\n',
    '"',
    '${',
    '<<A\n',
    '/*',
    'a.b',
    '1e1.',
    '"\\u',
  ]) {
    timeOf(part.repeat(2000));
    // Sixteen times the text; its square would be 256 times the time. What else a machine does may come in between.
    const tried: string[] = [];
    const inTime = () => {
      const [small, large] = [timeOf(part.repeat(4000)), timeOf(part.repeat(64_000))];
      tried.push(`${small} ms, then ${large} ms`);
      return large < 100 * Math.max(small, 10);
    };
    assert.ok(inTime() || inTime() || inTime(), `${JSON.stringify(part)}: ${tried.join('; ')}`);
  }
});

test('whatever comes, the answer is a tree or a mistake', () => {
  const pieces = [
    'a',
    '1',
    '"',
    '${',
    '}',
    '{',
    '[',
    ']',
    '(',
    ')',
    '=',
    '\n',
    '<<E\n',
    'E\n',
    '%{if',
    '~',
    '.',
    '*',
    ',',
    '?',
    ':',
    '\\',
    'for',
    ' in ',
    '...',
    '=>',
    '🎉',
    '\0',
    '$',
    '%',
  ];
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let round = 0; round < 4000; round++) {
    const text = Array.from({ length: random(24) }, () => pieces[random(pieces.length)]!).join('');
    for (const parse of [parseHcl, (source: { file: string; text: string }) => parseJsonHcl(source, {})]) {
      try {
        parse({ file: 'x', text });
      } catch (error) {
        assert.ok(error instanceof HclMistake, `${JSON.stringify(text)}: ${String(error)}`);
      }
    }
  }
});
