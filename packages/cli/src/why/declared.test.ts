import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredIn } from './declared.ts';

test('variables are found with their values as they were written', () => {
  const text = `# syntax=docker/dockerfile:1
ARG BASE=node:24
FROM $BASE
arg TITLE VERSION="1 2" NAME='x'
ENV OLD some words
ENV A=$TITLE B="b b" \\
    C=c\\ c
RUN ENV=1 make
`;
  assert.deepEqual(
    declaredIn('Dockerfile', text).map(({ kind, name, value, line }) => [line, kind, name, value]),
    [
      [2, 'ARG', 'BASE', 'node:24'],
      [4, 'ARG', 'TITLE', undefined],
      [4, 'ARG', 'VERSION', '1 2'],
      [4, 'ARG', 'NAME', 'x'],
      [5, 'ENV', 'OLD', 'some words'],
      [6, 'ENV', 'A', '$TITLE'],
      [6, 'ENV', 'B', 'b b'],
      [6, 'ENV', 'C', 'c\\ c'],
    ],
  );
});
