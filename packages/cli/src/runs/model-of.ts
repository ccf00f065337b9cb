import type { Digest } from '@monokit/engine';
import { Failed } from '@monokit/engine/std/failed';
import {
  emptyModel,
  type ImageModel,
  type ImageState,
  type RunModel,
  type StepModel,
  type StepState,
} from '../ui/model.ts';
import type { RecordedImage, RecordedStep, RunRecord, StepStatus } from './record.ts';

/** A run that was written down as renderers know one, for the words that they have. */
export function modelOf(record: RunRecord): RunModel {
  const { startedAt, images, steps } = record;
  const ids = images.map(({ id }) => id);
  const model = runModel({ ids, startedAt, folders: foldersOf(record), steps });
  const known = images.map((image) => [image.id, imageOf(image, model.images.get(image.id)!, record)] as const);
  return { ...model, images: new Map(known) };
}

/** A run of which the steps are known, and nothing of how its images ended. */
export function runModel({
  steps,
  ...begin
}: Parameters<typeof emptyModel>[0] & { readonly steps: readonly RecordedStep[] }): RunModel {
  const model = emptyModel(begin);
  const wanted = new Map<string, Digest[]>(begin.ids.map((id) => [id, []]));
  for (const { vertex, wantedBy } of steps) for (const id of wantedBy) wanted.get(id)?.push(vertex);
  const images = [...model.images].map(([id, image]) => [id, { ...image, steps: wanted.get(id)! }] as const);
  return {
    ...model,
    images: new Map(images),
    steps: new Map(steps.map((step) => [step.vertex, stepOf(step)])),
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
  const failure = failures.find(({ images }) => images.includes(id));
  if (failure?.step) return new Failed({ kind: 'vertex', message: error, vertex: failure.step } as never);
  return new Failed({ kind: 'recorded', message: error });
}

function imageOf(image: RecordedImage, known: ImageModel, record: RunRecord): ImageModel {
  const { startedAt, endedAt } = image;
  return {
    ...known,
    state: stateOf(image, record),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
  };
}

function stateOf(image: RecordedImage, record: RunRecord): ImageState {
  const { status, because = '', digest, size } = image;
  switch (status) {
    case 'failed':
      return { kind: status, error: errorIn(record, image) };
    case 'blocked':
      return { kind: status, because };
    case 'cancelled':
      return { kind: status };
    case 'built':
    case 'cached':
      return {
        kind: status,
        ...(digest !== undefined && { digest: digest as Digest }),
        ...(size !== undefined && { size }),
      };
  }
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
