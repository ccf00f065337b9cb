// Results between their message and their own form, whatever a ref is to either side.

import type { Attestation, PlatformRef, Result } from '../../llb/result.ts';
import type { AttestationMessage, RefMessage, ResultMessage } from './messages/result.ts';

/** A result as a message. `refOf` says how each ref is called. */
export function writeResult<T>(result: Result<T>, refOf: (ref: T) => RefMessage): ResultMessage {
  const named = (ref: T | undefined): RefMessage =>
    ref === undefined ? { id: '', definition: undefined } : refOf(ref);
  const attestations = new Map(
    [...result.attestations].map(([id, list]) => [
      id,
      { attestations: list.map((each): AttestationMessage => ({ ...each, ref: named(each.ref) })) },
    ]),
  );
  const { metadata } = result;
  const rest = { ...none, metadata, attestations };
  if (result.kind === 'single') return { ...rest, ref: named(result.ref) };
  return { ...rest, refs: { refs: new Map(result.platforms.map(({ id, ref }) => [id, named(ref)])) } };
}

/** The same for clients that know no refs with definitions. */
export function writeDeprecatedResult<T>(result: Result<T>, refOf: (ref: T) => RefMessage): ResultMessage {
  const { ref, refs, ...rest } = writeResult(result, refOf);
  if (!refs) return { ...rest, ...none, refDeprecated: ref?.id ?? '' };
  return { ...rest, ...none, refsDeprecated: { refs: new Map([...refs.refs].map(([id, each]) => [id, each.id])) } };
}

/** A message as a result. Platforms are told by its metadata, so here they are only ids. */
export function readResult<T>(message: ResultMessage, refOf: (ref: RefMessage) => T): Result<T> {
  const given = (ref: RefMessage | undefined) => (ref && ref.id !== '' ? refOf(ref) : undefined);
  const byId = (id: string): RefMessage => ({ id, definition: undefined });
  const attestations = new Map(
    [...message.attestations].map(([id, list]) => [
      id,
      list.attestations.map((each): Attestation<T> => ({ ...each, ref: given(each.ref) })),
    ]),
  );
  const { metadata, refs, refsDeprecated, ref, refDeprecated } = message;
  const several = refs?.refs ?? (refsDeprecated && new Map([...refsDeprecated.refs].map(([id, of]) => [id, byId(of)])));
  if (several) {
    const platforms = Array.from(several, ([id, each]): PlatformRef<T> => ({
      id,
      platform: unknown,
      ref: given(each),
    }));
    return { kind: 'platforms', platforms, metadata, attestations };
  }
  const single = ref ?? (refDeprecated === undefined ? undefined : byId(refDeprecated));
  return { kind: 'single', ref: given(single), metadata, attestations };
}

const none = { refDeprecated: undefined, refsDeprecated: undefined, ref: undefined, refs: undefined } as const;

const unknown = { os: '', architecture: '' };
