import type { Digest } from '@monokit/engine';
import { Failed } from '@monokit/engine/std/failed';
import type { ImageModel, RunModel, StepModel, StepState } from '../ui/model.ts';
import type { RecordedImage, RecordedStep, RunRecord, StepStatus } from './record.ts';

/** A run that was written down as renderers know one, for the words that they have. */
export function modelOf(record: RunRecord): RunModel {
  const wanted = new Map<string, Digest[]>(record.images.map(({ id }) => [id, []]));
  for (const { vertex, wantedBy } of record.steps) for (const id of wantedBy) wanted.get(id)?.push(vertex);
  return {
    startedAt: record.startedAt,
    images: new Map(
      record.images.map((image) => [image.id, imageOf(image, wanted.get(image.id)!, errorIn(record, image))]),
    ),
    steps: new Map(record.steps.map((step) => [step.vertex, stepOf(step)])),
  };
}

/** Folders of Dockerfiles whose steps failed, by image: whose failures they are is told by them. */
export function foldersOf({ failures, steps }: RunRecord): ReadonlyMap<string, string> {
  return new Map(
    failures.flatMap(({ images, step }) => {
      const folder = steps.find(({ vertex }) => vertex === step)?.source?.folder;
      return folder === undefined ? [] : images.map((id) => [id, folder] as const);
    }),
  );
}

/** Why an image failed, in the form of the engine: several that one step fails have one failure. */
function errorIn({ failures }: RunRecord, { id, error = '' }: RecordedImage): Failed {
  const failure = failures.find(({ images, blocked }) => images.includes(id) || blocked.includes(id));
  if (failure?.step) return new Failed({ kind: 'vertex', message: error, vertex: failure.step } as never);
  if (failure?.blocked.includes(id))
    return new Failed({ kind: 'image-needed', message: error, image: failure.images[0] } as never);
  return new Failed({ kind: 'recorded', message: error });
}

function imageOf(
  { id, status, digest, size, startedAt, endedAt }: RecordedImage,
  steps: Digest[],
  error: Failed,
): ImageModel {
  const result = { ...(digest !== undefined && { digest: digest as Digest }), ...(size !== undefined && { size }) };
  return {
    id,
    state:
      status === 'failed'
        ? { kind: status, error }
        : status === 'stopped'
          ? { kind: status }
          : { kind: status, ...result },
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    steps,
  };
}

const states: Readonly<Record<StepStatus, StepState>> = {
  cached: 'cached',
  run: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  needless: 'known',
};

function stepOf({
  vertex,
  name,
  status,
  inputs,
  wantedBy,
  uses,
  source,
  startedAt,
  endedAt,
  made,
  log,
}: RecordedStep): StepModel {
  return {
    vertex,
    name,
    state: states[status],
    ...(source && { source }),
    inputs,
    wantedBy,
    uses,
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(made !== undefined && { made }),
    tail: [],
    lines: log?.lines ?? 0,
    progress: new Map(),
  };
}
