// What a frontend asks of sources before it builds on them.

import type { SourceOp } from '../../llb/source.ts';
import { hostPlatform, type Platform } from '../../oci/platform.ts';
import { normalised, parseReference } from '../../oci/reference.ts';
import type { MessageOf } from '../../proto/message.ts';
import { rpcFailed } from '../../rpc/status.ts';
import type { ResolvedImage, ResolveImage } from '../frontend.ts';
import type { ProgramBridge } from '../program-bridge.ts';
import type {
  resolveImageConfigRequest,
  resolveImageConfigResponse,
  resolveSourceMetaRequest,
  resolveSourceMetaResponse,
} from './messages/sources.ts';

type Sources = Pick<ProgramBridge, 'resolveImage' | 'pin'>;

export async function resolveImageConfig(
  request: MessageOf<typeof resolveImageConfigRequest>,
  bridge: Sources,
): Promise<Partial<MessageOf<typeof resolveImageConfigResponse>>> {
  refusePolicies(request.sourcePolicies);
  const { ref, resolverType, storeId } = request;
  const layout = resolverType === 'oci-layout' ? storeId : undefined;
  const { name, image } = await resolve(ref, { ...request, layout }, bridge);
  return { ref: name, digest: image.digest ?? '', config: image.config };
}

export async function resolveSourceMeta(
  request: MessageOf<typeof resolveSourceMetaRequest>,
  bridge: Sources,
): Promise<Partial<MessageOf<typeof resolveSourceMetaResponse>>> {
  refusePolicies(request.sourcePolicies);
  const { source, image: wanted, git, http } = request;
  if (!source) throw rpcFailed('invalid-argument', 'source is required');
  if (wanted?.attestationChain || wanted?.resolveAttestations.length) {
    throw rpcFailed('unimplemented', 'attestations of images are not looked up here');
  }
  if (git?.returnObject) throw rpcFailed('unimplemented', 'objects of git are not looked up here');
  if (http?.checksum) throw rpcFailed('unimplemented', 'downloads have the checksum sha256 here, and no other');
  const at = source.identifier.indexOf('://');
  const name = source.identifier.slice(at + 3);
  switch (source.identifier.slice(0, at)) {
    case 'docker-image':
    case 'oci-layout': {
      const layout = source.identifier.startsWith('oci-layout:') ? (source.attrs.get('oci.store') ?? '') : undefined;
      const { image } = await resolve(name, { ...request, layout }, bridge);
      return {
        source,
        image: { digest: image.digest ?? '', config: wanted?.noConfig ? new Uint8Array() : image.config },
      };
    }
    case 'git': {
      const { pin } = await bridge.pin(withPlatform(source, request.platform));
      return { source, git: { checksum: pin, ref: '', commitChecksum: '' } };
    }
    case 'http':
    case 'https': {
      const { pin, changedAt } = await bridge.pin(withPlatform(source, request.platform));
      const filename = source.attrs.get('http.filename') ?? new URL(source.identifier).pathname.split('/').at(-1)!;
      const lastModified = changedAt === undefined ? undefined : { seconds: changedAt, nanos: 0 };
      return { source, http: { checksum: pin, filename, lastModified } };
    }
    default:
      return { source };
  }
}

/** A policy is a client's rule: one that was not looked at must not seem to hold. */
export function refusePolicies(policies: readonly Uint8Array[]): void {
  if (policies.length > 0) throw rpcFailed('unimplemented', 'source policies are not supported');
}

async function resolve(
  written: string,
  asked: {
    readonly platform: Platform | undefined;
    readonly resolveMode: string;
    readonly logName: string;
    readonly layout: string | undefined;
  },
  bridge: Sources,
): Promise<{ readonly name: string; readonly image: ResolvedImage }> {
  const { layout, resolveMode } = asked;
  const name = layout === undefined ? referenceOf(written) : written;
  const image = await bridge.resolveImage(name, {
    platform: asked.platform ?? hostPlatform(),
    mode: modeOf(resolveMode),
    logName:
      asked.logName || `resolve image config for ${layout === undefined ? 'docker-image' : 'oci-layout'}://${name}`,
    ...(layout !== undefined && { layout }),
  });
  return { name: image.reference ?? name, image };
}

function referenceOf(written: string): string {
  try {
    return normalised(parseReference(written));
  } catch (error) {
    throw rpcFailed('invalid-argument', (error as Error).message, { cause: error });
  }
}

function modeOf(mode: string): ResolveImage['mode'] {
  if (mode === '' || mode === 'default') return 'default';
  if (mode === 'pull' || mode === 'local') return mode;
  throw rpcFailed('invalid-argument', `invalid resolvemode: ${mode}`);
}

function withPlatform(source: SourceOp, platform: Platform | undefined): SourceOp {
  return platform ? { ...source, platform } : source;
}
