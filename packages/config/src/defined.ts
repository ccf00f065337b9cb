// Images written in TypeScript: a `define` function becomes LLB, once for each platform.

import type { Definition, ImageConfig, RequestSource } from '@monokit/engine';
import type { ContainerLimits } from '@monokit/engine/oci/container-limits';
import { formatPlatform, hostPlatform, parsePlatform } from '@monokit/engine/oci/platform';
import { Failed } from '@monokit/engine/std/failed';
import type { Defined, DefineScope, Image, Marshals } from './config.ts';
import type { ConfigFailure } from './failure.ts';
import type { Witness } from './load.ts';
import { diagnosticOf, ConfigMistake } from './mistake.ts';
import type { ResolvedTarget } from './target.ts';

/**
 * Calls what the configuration gave and marshals what that gives. Throws `Failed<ConfigFailure>` if the function does,
 * or gives no state.
 */
export async function definedSource(
  target: ResolvedTarget,
  define: NonNullable<Image['define']>,
  witness: Witness = { call: (body) => body(), isPure: false },
): Promise<RequestSource> {
  return witness.call(() => sourceOf(target, define));
}

async function sourceOf(target: ResolvedTarget, define: NonNullable<Image['define']>): Promise<RequestSource> {
  const { id, args, labels } = target;
  const platforms = target.platforms.length > 0 ? target.platforms.map(parsePlatform) : [hostPlatform()];
  const images = await Promise.all(
    platforms.map(async (platform) => {
      const scope = { id, platform, args, ...(target.target !== undefined && { target: target.target }) };
      const given = typeof define === 'function' ? await called(define, scope) : define;
      const { state, config: written } = marshals(given) ? { state: given } : (given ?? {});
      if (!marshals(state)) {
        const message = `${id}: define gave no State for ${formatPlatform(platform)}`;
        throw new Failed<ConfigFailure>({ kind: 'define', id, message });
      }
      const { Labels, ...container } = written ?? {};
      const allLabels = { ...Labels, ...labels };
      const config: ImageConfig = {
        architecture: platform.architecture,
        os: platform.os,
        ...(platform.variant && { variant: platform.variant }),
        config: { ...container, ...(Object.keys(allLabels).length > 0 && { Labels: allLabels }) },
      };
      return { platform, definition: limited(await state.marshal({ platform }), target.resources), config };
    }),
  );
  return { kind: 'definition', images };
}

/** The definition with the image's limits for steps that have none of their own. */
function limited(definition: Definition, linuxResources: ContainerLimits): Definition {
  if (Object.keys(linuxResources).length === 0) return definition;
  const metadata = [...definition.metadata].map(([digest, own]) => [digest, { linuxResources, ...own }] as const);
  return { ...definition, metadata: new Map(metadata) };
}

/** A mistake in the configuration's own function is the configuration's, and not ours. */
async function called(define: (scope: DefineScope) => unknown, scope: DefineScope): Promise<Defined | undefined> {
  try {
    return (await define(scope)) as Defined | undefined;
  } catch (cause) {
    if (cause instanceof Failed) throw cause;
    const { file, range, message } = diagnosticOf(new ConfigMistake('', cause));
    const place = range ? ` at ${file}:${range.start.line}:${range.start.column}` : '';
    throw new Failed<ConfigFailure>(
      { kind: 'define', id: scope.id, message: `${scope.id}: define threw ${message}${place}` },
      { cause },
    );
  }
}

function marshals(value: unknown): value is Marshals {
  return typeof value === 'object' && value !== null && 'marshal' in value && typeof value.marshal === 'function';
}
