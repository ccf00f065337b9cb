// Runs as lists of events, and a stream that remembers: for tests of what is shown.

import { Writable } from 'node:stream';
import type { Digest, RunEvent } from '@monokit/engine';
import { Failed } from '@monokit/engine/std/failed';
import type { RunStart } from './renderer.ts';

/** A digest that begins with a letter of yours. */
export function digest(letter: string): Digest {
  return `sha256:${letter.charCodeAt(0).toString(16).repeat(32)}`;
}

export const [context, from, compile, test, copy] = ['c', 'f', 'b', 't', 'y'].map(digest) as [
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
];

/** The moment when all runs here began. */
export const began = Date.UTC(2026, 0, 2, 3, 4, 5);

const graph: RunEvent = {
  kind: 'graph-merged',
  at: began + 20,
  vertices: [
    { vertex: context, name: '[internal] load build context', inputs: [], wantedBy: ['api'], uses: 1 },
    { vertex: from, name: '[build 1/3] FROM docker.io/library/busybox', inputs: [], wantedBy: ['api', 'web'], uses: 2 },
    {
      vertex: compile,
      name: '[build 2/3] RUN make',
      inputs: [from],
      wantedBy: ['api', 'web'],
      uses: 2,
      source: { file: 'Dockerfile', folder: '/src/api', lines: [2, 2] },
    },
    { vertex: test, name: '[build 3/3] RUN make test', inputs: [compile], wantedBy: ['api'], uses: 1 },
    { vertex: copy, name: '[2/2] COPY --from=api /out /', inputs: [compile], wantedBy: ['web'], uses: 1 },
  ],
};

/** Two images of which one is built from a stage of the other; all goes well. */
export const built: readonly RunEvent[] = [
  { kind: 'task-defined', task: 'api', at: began + 10 },
  { kind: 'task-defined', task: 'web', at: began + 12 },
  graph,
  { kind: 'vertex-started', vertex: context, at: began + 21 },
  { kind: 'vertex-completed', vertex: context, at: began + 25 },
  { kind: 'vertex-cached', vertex: from, at: began + 30 },
  { kind: 'vertex-started', vertex: compile, at: began + 100 },
  { kind: 'log', vertex: compile, stream: 'stdout', data: Buffer.from('cc -o app\nlink'), at: began + 200 },
  { kind: 'log', vertex: compile, stream: 'stderr', data: Buffer.from('ing\ndone'), at: began + 600 },
  { kind: 'vertex-measured', vertex: compile, at: began + 1300, made: 14_000 },
  { kind: 'vertex-completed', vertex: compile, at: began + 1300 },
  { kind: 'vertex-started', vertex: test, at: began + 1310 },
  { kind: 'vertex-started', vertex: copy, at: began + 1311 },
  { kind: 'vertex-measured', vertex: copy, at: began + 1350, made: 541 },
  { kind: 'vertex-completed', vertex: copy, at: began + 1350 },
  { kind: 'task-completed', task: 'web', at: began + 1400, digest: digest('w'), size: 3 << 20 },
  { kind: 'vertex-completed', vertex: test, at: began + 2310 },
  { kind: 'task-completed', task: 'api', at: began + 2400, digest: digest('a'), size: 124_000_000 },
];

/** The same once more: nothing has to run. */
export const cached: readonly RunEvent[] = [
  graph,
  { kind: 'vertex-cached', vertex: test, at: began + 40 },
  { kind: 'vertex-cached', vertex: copy, at: began + 40 },
  { kind: 'task-completed', task: 'api', at: began + 45, digest: digest('a'), size: 124_000_000 },
  { kind: 'task-completed', task: 'web', at: began + 46, digest: digest('w'), size: 3 << 20 },
];

const exit = new Failed({
  kind: 'process-exit',
  code: 2,
  message: 'process "/bin/sh -c make" did not complete successfully: exit code: 2',
});
const failure = new Failed({ kind: 'vertex', vertex: compile, message: exit.message } as never, { cause: exit });

/** The step that both need fails after it wrote fifty lines. */
export const failed: readonly RunEvent[] = [
  graph,
  { kind: 'vertex-cached', vertex: from, at: began + 30 },
  { kind: 'vertex-started', vertex: compile, at: began + 100 },
  {
    kind: 'log',
    vertex: compile,
    stream: 'stdout',
    data: Buffer.from(Array.from({ length: 50 }, (_, i) => `line ${i + 1}\n`).join('')),
    at: began + 150,
  },
  { kind: 'vertex-failed', vertex: compile, message: exit.message, at: began + 900 },
  { kind: 'task-failed', task: 'api', at: began + 901, error: failure },
  { kind: 'task-failed', task: 'web', at: began + 902, error: failure },
];

export const start: RunStart = {
  ids: ['api', 'web'],
  startedAt: began,
  verbose: false,
  folders: new Map([
    ['api', '/src/api'],
    ['web', '/src/web'],
  ]),
  retry: (images) => `cli build ${images.join(' ')}`,
};

/** Standard output or error that keeps what is written. */
export function memoryStream({ isTTY = false } = {}): NodeJS.WriteStream & { readonly text: string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  const facts = { isTTY: { value: isTTY }, text: { get: () => chunks.join('') } };
  return Object.defineProperties(stream, facts) as unknown as NodeJS.WriteStream & { readonly text: string };
}
