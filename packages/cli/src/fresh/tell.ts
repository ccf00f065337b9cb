import type { Digest, RunEvent } from '@monokit/engine';
import type { RunStart, Screen } from '../ui/renderer.ts';
import type { Answer } from './fresh.ts';

/** Tells the answer of the last time, of which nothing that it came from was touched, as a run would have told it. */
export async function tellAnswer(answer: Answer, screen: Screen): Promise<void> {
  const start: RunStart = {
    ids: answer.images.map(({ id }) => id),
    names: new Map(answer.images.flatMap(({ id, name }) => (name === undefined ? [] : [[id, name]]))),
    startedAt: Math.round(performance.timeOrigin),
    verbose: false,
    folders: new Map(),
    retry: () => undefined,
    ...(answer.worth !== undefined && { facts: { times: () => ({ saved: answer.worth! }) } }),
  };
  const open = answer.quiet
    ? (await import('../ui/quiet.ts')).openQuiet
    : (await import('../ui/up-to-date.ts')).openUpToDate;
  using renderer = open(start, screen);
  for (const event of eventsOf(answer)) renderer.report(event);
  renderer.finish({ code: 0, endedAt: Date.now() });
}

/** What the run that an answer stands for would have told, as far as renderers without details show it. */
function* eventsOf({ images, steps, shared }: Answer): Generator<RunEvent> {
  const at = Date.now();
  const ids = images.map(({ id }) => id);
  const vertices = Array.from({ length: steps }, (_, i) => ({
    vertex: `sha256:${i.toString(16).padStart(64, '0')}` as Digest,
    name: `step ${i + 1}`,
    inputs: [],
    wantedBy: i < shared ? ids.slice(0, 2) : ids.slice(0, 1),
    uses: i < shared ? 2 : 1,
  }));
  yield { kind: 'graph-merged', at, vertices };
  for (const { vertex } of vertices) yield { kind: 'vertex-cached', at, vertex };
  for (const { id, digest, size } of images) {
    const result = { ...(digest && { digest: digest as Digest }), ...(size !== undefined && { size }) };
    yield { kind: 'task-completed', task: id, at, ...result };
  }
}
