import type { Platform } from '../oci/platform.ts';

/**
 * What a solve yields, whatever a `T` stands for on the way: a definition, a vertex' output, a ref. A `ref` that is
 * undefined is an empty filesystem.
 */
export type Result<T> = ResultParts<T> &
  (
    | { readonly kind: 'single'; readonly ref: T | undefined }
    | { readonly kind: 'platforms'; readonly platforms: readonly PlatformRef<T>[] }
  );

/** One platform's part of a result. */
export interface PlatformRef<T> {
  /** As the frontend names it, usually `os/arch[/variant]`; unique in the result. */
  readonly id: string;
  readonly platform: Platform;
  readonly ref: T | undefined;
}

interface ResultParts<T> {
  /** By BuildKit's keys (`containerimage.config`, …), those of one platform with `/<id>` at their end. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
  /** By the id of the platform, '' for a single result. */
  readonly attestations: ReadonlyMap<string, readonly Attestation<T>[]>;
}

/** A statement that goes with a result: files that `ref` has at `path`, each an in-toto predicate or a bundle of them. */
export interface Attestation<T> {
  readonly kind: 'in-toto' | 'bundle';
  readonly ref: T | undefined;
  readonly path: string;
  readonly metadata: ReadonlyMap<string, Uint8Array>;
  /** Of the in-toto statement. */
  readonly predicateType: string;
  readonly subjects: readonly AttestationSubject[];
}

export interface AttestationSubject {
  /** The result itself, or what `name` and `digests` say. */
  readonly kind: 'self' | 'raw';
  readonly name: string;
  readonly digests: readonly string[];
}

/** All refs of a result, those of its attestations too. */
export function refsOf<T>(result: Result<T>): readonly T[] {
  const own = result.kind === 'single' ? [result.ref] : result.platforms.map(({ ref }) => ref);
  const stated = [...result.attestations.values()].flatMap((list) => list.map(({ ref }) => ref));
  return [...own, ...stated].filter((ref): ref is T & {} => ref !== undefined);
}

/** The same result of other refs. */
export async function mapResult<T, U>(result: Result<T>, change: (ref: T) => Promise<U>): Promise<Result<U>> {
  const one = async (ref: T | undefined) => (ref === undefined ? undefined : await change(ref));
  const attestations = new Map(
    await Promise.all(
      result.attestations
        .entries()
        .map(async ([id, list]): Promise<[string, readonly Attestation<U>[]]> => [
          id,
          await Promise.all(list.map(async (attestation) => ({ ...attestation, ref: await one(attestation.ref) }))),
        ]),
    ),
  );
  const { metadata } = result;
  if (result.kind === 'single') return { kind: 'single', ref: await one(result.ref), metadata, attestations };
  const platforms = await Promise.all(result.platforms.map(async (part) => ({ ...part, ref: await one(part.ref) })));
  return { kind: 'platforms', platforms, metadata, attestations };
}
