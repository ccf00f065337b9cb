import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitCsv } from './csv.ts';

test('splitCsv takes commas, quotes and doubled quotes', () => {
  const cases: [string, string[]][] = [
    ['', []],
    ['a', ['a']],
    ['a,b=c', ['a', 'b=c']],
    ['a,', ['a', '']],
    [',a', ['', 'a']],
    ['"a,b",c', ['a,b', 'c']],
    ['"say ""hi""",c', ['say "hi"', 'c']],
    ['""', ['']],
  ];
  for (const [line, fields] of cases) assert.deepEqual(splitCsv(line), fields, line);
});

test('splitCsv refuses stray quotes', () => {
  for (const line of ['"a', 'a"b', '"a"b', 'a,"b']) assert.throws(() => splitCsv(line), SyntaxError, line);
});
