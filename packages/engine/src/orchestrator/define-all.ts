import type { Defined, DefinedImage, Engine, RequestInput, SolveRequest } from '../engine.ts';
import { formatPlatform, matches, type Platform } from '../oci/platform.ts';
import { Failed, failedOf } from '../std/failed.ts';
import type { OrchestratorFailure } from './failure.ts';
import type { Offer, RunOptions, Task } from './run.ts';

export interface DefineAllOptions extends Pick<RunOptions, 'signal' | 'report' | 'offers'> {
  /** Told of each image (`from`) that is built from another (`to`), by their ids. */
  readonly onNeed?: (from: string, to: string) => void;
}

/**
 * A definition for each task. Where a Dockerfile names another image of the workspace, that image's definition takes
 * the name's place, so both are built in one graph; an offer's request is asked for when it is first named.
 */
export function defineAll(
  engine: Engine,
  tasks: readonly Task[],
  { offers = [], onNeed, ...work }: DefineAllOptions,
): readonly Promise<Defined>[] {
  const all: readonly Offer[] = [
    ...tasks.map((task) => ({ id: task.request.id, names: task.names, request: async () => task.request })),
    ...offers,
  ];
  const byName = new Map(all.toReversed().flatMap((each) => each.names.map((name) => [name, each] as const)));
  const needs = new Map<string, Set<string>>();
  // An image may be here twice, under one id: as what is asked of it, and as what others are built from.
  const definitions = new Map<Offer, Map<string | undefined, Promise<Defined>>>();
  return tasks.map(async (task, i) => ({ ...(await definitionOf(all[i]!)), request: task.request }));

  /** The definition of an image as it was asked for, or for a platform beside those. */
  function definitionOf(image: Offer, platform?: string): Promise<Defined> {
    const made = definitions.get(image) ?? new Map<string | undefined, Promise<Defined>>();
    definitions.set(image, made);
    let definition = made.get(platform);
    if (!definition) {
      definition = image.request().then((request) => engine.define(withInputs(image, request, platform), work));
      definition.catch(() => undefined); // told where it is awaited
      made.set(platform, definition);
    }
    return definition;
  }

  function withInputs(image: Offer, request: SolveRequest, platform: string | undefined): SolveRequest {
    const { source } = request;
    if (source.kind !== 'frontend') return request;
    const options = platform === undefined ? source.options : { ...source.options, platform };
    const input = async (name: string, wanted: Platform): Promise<RequestInput | undefined> => {
      const other = byName.get(name);
      // An image whose own name stands in its FROM means the one in the registry.
      if (!other || other.id === image.id) return source.input?.(name, wanted);
      need(image.id, other.id);
      const of = await definitionFor(other, wanted).catch((cause: unknown) => {
        if (work.signal.aborted || failedOf(cause, 'image-circle')) throw cause;
        const message = `${other.id}, which ${image.id} is built from, can't be built`;
        throw new Failed<OrchestratorFailure>({ kind: 'image-needed', image: other.id, message }, { cause });
      });
      const found = fitting(of, wanted) ?? (of.images.length === 1 ? of.images[0] : undefined);
      return found && { definition: found.definition, ...(found.config && { config: found.config }), of };
    };
    return { ...request, source: { ...source, options, input } };
  }

  /** With a platform that the image was not asked for, if it has to be: a base is built for whoever needs it. */
  async function definitionFor(image: Offer, wanted: Platform): Promise<Defined> {
    const asIs = await definitionOf(image);
    if (fitting(asIs, wanted) || asIs.request.source.kind !== 'frontend') return asIs;
    return definitionOf(image, formatPlatform(wanted));
  }

  /** Notes that an image needs another, and refuses a circle, which would wait for itself. */
  function need(from: string, to: string): void {
    needs.set(from, (needs.get(from) ?? new Set()).add(to));
    onNeed?.(from, to);
    const path = pathBetween(to, from, needs);
    if (!path) return;
    const circle = [from, ...path];
    const message = `images are built from each other in a circle: ${circle.join(' → ')}`;
    throw new Failed<OrchestratorFailure>({ kind: 'image-circle', circle, message });
  }
}

function fitting({ images }: Defined, wanted: Platform): DefinedImage | undefined {
  return images.find((each) => matches(wanted, each.platform));
}

function pathBetween(from: string, to: string, needs: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  if (from === to) return [to];
  for (const next of needs.get(from) ?? []) {
    const path = pathBetween(next, to, needs);
    if (path) return [from, ...path];
  }
  return undefined;
}
