// The image that a frontend is in: a named context, an image of the same build, or one of a registry.

import { fromDefinition } from '../../llb/definition-node.ts';
import type { Definition } from '../../llb/definition.ts';
import { image as imageState } from '../../llb/sources.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import { hostPlatform } from '../../oci/platform.ts';
import { normalised, parseReference } from '../../oci/reference.ts';
import { Failed } from '../../std/failed.ts';
import { readImageConfig } from '../dockerfile/base-config.ts';
import { defaultUniqueId } from '../dockerfile/context.ts';
import { findNamedContext, loadNamedContext } from '../dockerfile/named-context.ts';
import { readOptions } from '../dockerfile/options.ts';
import type { ProgramBridge } from '../program-bridge.ts';
import { isBuiltIn } from '../syntax.ts';
import type { GatewayFailure } from './failure.ts';

export type FrontendImage =
  /** The Dockerfile language of this engine. */
  | { readonly kind: 'built-in' }
  | {
      readonly kind: 'image';
      readonly definition: Definition;
      readonly config: Partial<ImageConfig>;
    };

/** Finds it for this machine, whatever the build is for. `source` is as people write it. */
export async function findFrontend(
  source: string,
  options: Readonly<Record<string, string>>,
  { bridge, signal }: { readonly bridge: ProgramBridge; readonly signal: AbortSignal },
): Promise<FrontendImage> {
  const platform = hostPlatform();
  const own = readOptions(Object.fromEntries(Object.entries(options).filter(([key]) => aboutContexts.test(key))));
  const marshalled = { platform, localUniqueId: defaultUniqueId };
  const context = findNamedContext(source, platform, own.contexts);
  if (context) {
    const surroundings = { options: own, bridge, signal, warn: () => undefined, uniqueId: defaultUniqueId };
    const { state, config = {} } = await loadNamedContext(context, { platform, paths: () => new Set() }, surroundings);
    return { kind: 'image', definition: await state.marshal(marshalled), config };
  }
  if (source === 'dockerfile.v0' || isBuiltIn(source)) return { kind: 'built-in' };
  const given = await bridge.input(source, platform);
  if (given) {
    const definition = await fromDefinition(given.definition).marshal(marshalled);
    return { kind: 'image', definition, config: given.config ?? {} };
  }
  const reference = referenceOf(source);
  const { digest, config, ...found } = await bridge.resolveImage(reference, {
    platform,
    mode: 'default',
    logName: `resolve image config for docker-image://${reference}`,
  });
  const pinned = normalised({ ...parseReference(found.reference ?? reference), ...(digest && { digest }) });
  const state = imageState(pinned, { recordType: 'frontend', platform });
  return { kind: 'image', definition: await state.marshal(marshalled), config: readImageConfig(config) };
}

const aboutContexts = /^(context|input-metadata|local-sessionid|sharedkey:localdir):/;

function referenceOf(source: string): string {
  try {
    return normalised(parseReference(source));
  } catch (cause) {
    const message = `${JSON.stringify(source)} names no frontend: ${(cause as Error).message}`;
    throw new Failed<GatewayFailure>({ kind: 'gateway-option', option: 'source', message }, { cause });
  }
}
