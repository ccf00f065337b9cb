import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesIn, writtenAs } from './instruction.ts';

test('writtenAs takes an instruction of a history back to what people wrote', () => {
  assert.equal(writtenAs('RUN /bin/sh -c make  all # buildkit'), 'RUN make all');
  assert.equal(writtenAs('RUN |2 V=1 NAME=a b /bin/sh -c make # buildkit'), 'RUN make');
  assert.equal(writtenAs('COPY src ./src # buildkit'), 'COPY src ./src');
  assert.equal(writtenAs('WORKDIR /app'), 'WORKDIR /app');
});

test('placesIn finds instructions by what steps are called, with variables filled in and flags left out', () => {
  const step = (name: string, line: number, wantedBy = ['api']) =>
    ({ name, wantedBy, source: { file: 'Dockerfile', folder: '/w', lines: [line, line] } }) as never;
  const places = placesIn(
    {
      steps: [
        step('[internal] load build context', 1),
        step('[build 1/3] RUN make', 2, ['web']),
        step('[build 2/3] RUN --mount=type=cache,target=/c make (all)', 3),
        step('[build 3/3] COPY v2/src ./src', 4),
      ],
    },
    'api',
  );
  assert.equal(places('RUN /bin/sh -c make (all) # buildkit'), '/w/Dockerfile:3');
  assert.equal(places('COPY ${V}/src ./src # buildkit'), '/w/Dockerfile:4');
  assert.equal(places('RUN /bin/sh -c make # buildkit'), undefined);
});
