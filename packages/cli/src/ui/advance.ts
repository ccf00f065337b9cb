import type { Digest, RunEvent } from '@monokit/engine';
import { isWork, retryLine, type ImageModel, type RunModel, type StepModel } from './model.ts';

/** Lines that are kept of each step, for the failure block. */
const tailLines = 40;

/**
 * The model after an event, but for what became of images that were not built (`reduce`). Maps are changed in place and
 * handed on: one owner, no copies of thousands of steps.
 */
export function advance(model: RunModel, event: RunEvent): RunModel {
  const images = model.images as Map<string, ImageModel>;
  const steps = model.steps as Map<Digest, StepModel>;
  const step = (vertex: Digest, change: Partial<StepModel>) => {
    const known = steps.get(vertex);
    if (known) steps.set(vertex, { ...known, ...change });
  };
  const image = (id: string, change: Partial<ImageModel>) => {
    const known = images.get(id);
    if (known) images.set(id, { ...known, ...change });
  };
  switch (event.kind) {
    case 'graph-merged': {
      const wanted = new Map<string, Digest[]>();
      for (const { vertex, name, wantedBy, uses, inputs, source } of event.vertices) {
        const known = steps.get(vertex) ?? newStep(vertex, name);
        const all = [...new Set([...known.wantedBy, ...wantedBy])];
        steps.set(vertex, {
          ...known,
          name,
          inputs,
          wantedBy: all,
          uses: known.uses + uses,
          ...(source && { source }),
        });
        for (const id of wantedBy) {
          const list = wanted.get(id) ?? [];
          wanted.set(id, list);
          list.push(vertex);
        }
      }
      for (const [id, list] of wanted) image(id, { steps: list });
      return model;
    }
    case 'vertex-known':
      if (!steps.has(event.vertex)) {
        steps.set(event.vertex, {
          ...newStep(event.vertex, event.name),
          ...(event.source && { source: event.source }),
        });
      }
      return model;
    case 'vertex-waiting':
      step(event.vertex, { state: 'waiting', waitingSince: event.at });
      return model;
    case 'vertex-started':
      step(event.vertex, { state: 'running', startedAt: event.at });
      for (const id of steps.get(event.vertex)?.wantedBy ?? []) {
        if (images.get(id)?.state.kind === 'waiting') image(id, { state: { kind: 'running' }, startedAt: event.at });
      }
      return model;
    case 'vertex-retried': {
      const known = steps.get(event.vertex);
      if (known) step(event.vertex, appended(known, `${retryLine(event)}\n`));
      return model;
    }
    case 'vertex-cached':
      step(event.vertex, { state: 'cached', endedAt: event.at, ...(event.from && { from: event.from }) });
      return model;
    case 'vertex-completed':
      step(event.vertex, { state: 'done', endedAt: event.at });
      return model;
    case 'vertex-measured':
      step(event.vertex, { made: event.made });
      return model;
    case 'vertex-failed':
      step(event.vertex, { state: 'failed', endedAt: event.at });
      return model;
    case 'vertex-cancelled':
      step(event.vertex, { state: 'cancelled', endedAt: event.at });
      return model;
    case 'progress': {
      const known = steps.get(event.vertex);
      const { id, current, total } = event;
      if (known) {
        const progress = new Map(known.progress).set(id, { current, ...(total !== undefined && { total }) });
        step(event.vertex, { progress });
      }
      return model;
    }
    case 'log': {
      const known = steps.get(event.vertex);
      if (known) step(event.vertex, appended(known, Buffer.from(event.data).toString('utf8')));
      return model;
    }
    case 'task-completed': {
      const { digest, size } = event;
      const result = { ...(digest && { digest }), ...(size !== undefined && { size }) };
      const ran = (images.get(event.task)?.steps ?? []).some((vertex) => isWork(steps.get(vertex)));
      image(event.task, { state: { kind: ran ? 'built' : 'cached', ...result }, endedAt: event.at });
      return model;
    }
    case 'task-failed':
    case 'task-blocked':
    case 'task-cancelled':
    case 'graph-foreseen':
    case 'task-defined':
    case 'vertex-kept':
    case 'warning':
      return model;
  }
}

function newStep(vertex: Digest, name: string): StepModel {
  return { vertex, name, state: 'known', inputs: [], wantedBy: [], uses: 0, tail: [], lines: 0, progress: new Map() };
}

function appended({ tail, lines }: StepModel, text: string): Pick<StepModel, 'tail' | 'lines'> {
  const open = tail.at(-1) ?? '';
  const [first = '', ...rest] = text.split('\n');
  const all = tail.length > 0 ? [...tail.slice(0, -1), open + first, ...rest] : [first, ...rest];
  return { tail: all.slice(-tailLines - 1), lines: lines + rest.length + (tail.length > 0 ? 0 : 1) };
}
