import { messageOf } from './failure.ts';
import { emptyModel, sharing, tally } from './model.ts';
import { reduce } from './reduce.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';

function usageOf({ peakMemory, cpuTime }: { readonly peakMemory?: number; readonly cpuTime?: number }) {
  return { peakMemory, cpuTime };
}

/** Version of the lines; raised when a field changes its meaning or goes. */
const version = 1;

/** One line of JSON for each event, on standard output: `{ v, ts, type, … }`. docs/events.md describes them. */
export function openJson(start: RunStart, { stdout }: { readonly stdout: Pick<Screen['stdout'], 'write'> }): Renderer {
  let model = emptyModel(start);
  const write = (type: string, at: number, fields: object) =>
    stdout.write(`${JSON.stringify({ v: version, ts: new Date(at).toISOString(), type, ...fields })}\n`);
  write('run.start', start.startedAt, { images: start.ids });
  return {
    report(event) {
      model = reduce(model, event);
      switch (event.kind) {
        case 'graph-merged':
          return void write('plan', event.at, {
            steps: event.vertices.map(({ vertex, name, inputs, wantedBy, uses, source }) => ({
              step: vertex,
              name,
              inputs,
              images: wantedBy,
              uses,
              source,
            })),
          });
        case 'vertex-known':
          return void write('step.known', event.at, { step: event.vertex, name: event.name, inputs: event.inputs });
        case 'vertex-waiting':
          return void write('step.wait', event.at, { step: event.vertex });
        case 'vertex-started':
          return void write('step.start', event.at, { step: event.vertex, waited: event.waited });
        case 'vertex-retried': {
          const { at, vertex, attempt, attempts, message } = event;
          return void write('step.retry', at, { step: vertex, attempt, attempts, error: message });
        }
        case 'vertex-cached':
          return void write('cache.hit', event.at, { step: event.vertex, from: event.from });
        case 'vertex-completed':
          return void write('step.end', event.at, { step: event.vertex, status: 'done', ...usageOf(event) });
        case 'vertex-measured':
          return void write('step.made', event.at, { step: event.vertex, bytes: event.made });
        case 'vertex-failed':
          return void write('step.end', event.at, {
            step: event.vertex,
            status: 'failed',
            error: event.message,
            ...usageOf(event),
          });
        case 'vertex-kept':
          return void write('step.kept', event.at, { step: event.vertex });
        case 'vertex-cancelled':
          return void write('step.end', event.at, { step: event.vertex, status: 'cancelled' });
        case 'log':
          return void write('step.log', event.at, {
            step: event.vertex,
            stream: event.stream,
            text: Buffer.from(event.data).toString('utf8'),
          });
        case 'progress': {
          const { at, vertex, id, current, total, unit, done } = event;
          return void write('step.progress', at, { step: vertex, id, current, total, unit, done });
        }
        case 'warning':
          return void write('warn', event.at, { step: event.vertex, ...event.diagnostic });
        case 'task-defined':
          return void write('image.start', event.at, { image: event.task });
        case 'task-completed': {
          const { at, task, digest, size } = event;
          const status = model.images.get(task)!.state.kind;
          const cause = status === 'built' ? start.facts?.cause?.(task) : undefined;
          return void write('image.end', at, { image: task, status, digest, size, cause });
        }
        case 'task-failed':
        case 'task-blocked':
        case 'task-cancelled': {
          const { state } = model.images.get(event.task)!;
          return void write('image.end', event.at, {
            image: event.task,
            status: state.kind,
            because: state.kind === 'blocked' ? state.because : undefined,
            error: event.kind === 'task-failed' ? messageOf(event.error) : undefined,
          });
        }
      }
    },
    finish({ code, endedAt, timedOut }) {
      write('run.end', endedAt, {
        code,
        error: timedOut,
        ms: endedAt - start.startedAt,
        steps: tally(model),
        sharing: sharing(model),
      });
    },
    [Symbol.dispose]() {},
  };
}
