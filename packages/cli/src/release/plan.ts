// Which images of a release have to be built, and which are what they were.

import type { LocalEngine, RegistryClient, Task } from '@monokit/engine';
import { defineAll } from '@monokit/engine';
import type { Offer } from '@monokit/engine';
import { digestOf, type Digest } from '@monokit/engine/oci/digest';
import { parseReference } from '@monokit/engine/oci/reference';
import type { ReleaseManifest } from './manifest.ts';
import type { ReleaseTarget } from './targets.ts';

export interface PlannedImage extends ReleaseTarget {
  readonly id: string;
  /** Undefined where its definition failed; building it tells why. */
  readonly fingerprint?: Digest;
  readonly decision: Decision;
}

export type Decision =
  /** `why`: what keeps it from being carried forward. */
  | { readonly kind: 'build'; readonly why: string }
  | { readonly kind: 'carry'; readonly digest: Digest; readonly from: string };

export interface PlanOptions {
  readonly engine: LocalEngine;
  readonly client: RegistryClient;
  /** For the targets, in their order, without this release's labels. */
  readonly tasks: readonly Task[];
  readonly offers: readonly Offer[];
  readonly previous: ReleaseManifest | undefined;
  /** Why nothing is carried forward. */
  readonly all?: string | undefined;
  readonly signal: AbortSignal;
}

/** Decides for each image. Registries are asked whether they still have what would be carried forward. */
export async function planRelease(
  targets: readonly ReleaseTarget[],
  options: PlanOptions,
): Promise<readonly PlannedImage[]> {
  const { engine, tasks, offers, signal } = options;
  const work = { signal, report: () => undefined };
  const definitions = new Map(
    defineAll(engine, tasks, { ...work, offers }).map((defined, i) => [tasks[i]!.request.id, defined]),
  );
  return Promise.all(
    targets.map(async (target): Promise<PlannedImage> => {
      const { id } = target.target;
      let fingerprint: Digest;
      try {
        fingerprint = made(await engine.fingerprint(await definitions.get(id)!, work), target);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        return { ...target, id, decision: { kind: 'build', why: `it can't be defined: ${(error as Error).message}` } };
      }
      return { ...target, id, fingerprint, decision: await decide(target, fingerprint, options) };
    }),
  );
}

/** All that the image is made of, with how it is made. */
function made(fingerprint: Digest, { target }: ReleaseTarget): Digest {
  const { platforms, attests, annotations, created, reproducible, outputs } = target;
  const { name: _name, ...attrs } = outputs[0]!.attrs;
  return digestOf(JSON.stringify([1, fingerprint, platforms, attests, annotations, created, reproducible, attrs]));
}

async function decide(
  { target, repositories }: ReleaseTarget,
  fingerprint: Digest,
  { previous, all, client, signal }: PlanOptions,
): Promise<Decision> {
  const build = (why: string): Decision => ({ kind: 'build', why });
  if (all !== undefined) return build(all);
  if (!previous) return build('there is no release before this one');
  const before = [...previous.images, ...(previous.others ?? [])].find(({ id }) => id === target.id);
  if (!before) return build(`new since ${previous.version}`);
  if (before.fingerprint !== fingerprint) return build(`changed since ${previous.version}`);
  for (const repository of repositories) {
    const there = await client.current({ ...parseReference(repository), digest: before.digest }, { signal });
    if (!there) return build(`${repository} does not have the ${before.digest} of ${previous.version} any more`);
  }
  return { kind: 'carry', digest: before.digest, from: before.carriedFrom ?? previous.version };
}
