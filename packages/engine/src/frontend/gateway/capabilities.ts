import { gatewayCapabilities, llbCapabilities } from '../../llb/capabilities.ts';

/** What BuildKit's gateway can and this one cannot. */
const missing: Readonly<Record<string, string>> = {
  'source.metaresolver.image.attestations': 'attestations of images are not looked up',
  'source.metaresolver.http.checksumrequest': 'checksums of downloads are sha256',
};

export interface Capability {
  readonly id: string;
  readonly enabled: boolean;
  readonly deprecated: boolean;
  readonly disabledReason: string;
  readonly disabledReasonMessage: string;
  readonly disabledAlternative: string;
}

/** What frontends are told that they may ask of the gateway, and what definitions may have in them. */
export const announced: { readonly gateway: readonly Capability[]; readonly llb: readonly Capability[] } = {
  gateway: [...gatewayCapabilities].map(capability),
  llb: [...llbCapabilities].map(capability),
};

function capability(id: string): Capability {
  const why = missing[id];
  return {
    id,
    enabled: why === undefined,
    deprecated: id === 'solve.inlinereturn',
    disabledReason: why === undefined ? '' : 'unsupported',
    disabledReasonMessage: why ?? '',
    disabledAlternative: '',
  };
}
