import type { Attestation, ResultTold } from '../attestation/attestation.ts';
import { digestSet } from '../attestation/attestation.ts';
import { imagePurl } from '../attestation/purl.ts';
import { statementJson } from '../attestation/statement.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-type.ts';
import type { Platform } from '../oci/platform.ts';
import { parseReference } from '../oci/reference.ts';
import { goJson } from '../std/go-json.ts';
import { describe, manifestJson, type Document } from './documents.ts';
import type { ImageOptions } from './image-options.ts';

/** What is said of one image of an index, as a manifest beside it. */
export interface AttestationManifest {
  /** The manifest as the index lists it: for no platform, and naming the image that it is about. */
  readonly listed: Descriptor;
  /** What the manifest leads to. */
  readonly below: readonly Descriptor[];
  /** The manifest and all below. */
  readonly documents: readonly Document[];
}

interface About {
  /** The image's manifest. */
  readonly of: Descriptor;
  readonly platform: Platform;
  readonly options: ImageOptions;
  readonly told: ResultTold;
}

/** Attestations as BuildKit stores them: one in-toto statement a layer (docs/attestations/attestation-storage.md). */
export function attestationManifest(attestations: readonly Attestation[], about: About): AttestationManifest {
  const { of, platform, options, told } = about;
  const digest = digestSet(of.digest);
  const names = options.tags.map((name) => imagePurl('docker', parseReference(name), platform));
  const result = (names.length > 0 ? names : ['_']).map((name) => ({ name, digest }));
  const blobs = attestations.map((attestation) =>
    describe(Buffer.from(statementJson(attestation, { result, told })), mediaTypes.inToto, {
      'in-toto.io/predicate-type': attestation.predicateType,
    }),
  );
  const config = options.ociArtifact ? emptyConfig : imageConfig(blobs);
  const layers = blobs.map(({ descriptor }) => descriptor);
  const { mediaType, size } = of;
  const bytes = manifestJson({
    oci: true,
    config: config.descriptor,
    layers,
    annotations: {},
    ...(options.ociArtifact && {
      artifactType: mediaTypes.attestationManifest,
      subject: { mediaType, digest: of.digest, size },
    }),
  });
  const manifest = describe(bytes, mediaTypes.ociManifest);
  return {
    listed: {
      ...manifest.descriptor,
      annotations: { [referenceDigest]: of.digest, [referenceType]: 'attestation-manifest' },
      platform: { architecture: 'unknown', os: 'unknown' },
    },
    below: [config.descriptor, ...layers],
    documents: [manifest, config, ...blobs],
  };
}

/** Annotations by which an index's entry says what it is about. */
const referenceDigest = 'vnd.docker.reference.digest';
const referenceType = 'vnd.docker.reference.type';

const emptyConfig: Document = withData(describe(Buffer.from('{}'), mediaTypes.ociEmpty));

function withData({ bytes, descriptor }: Document): Document {
  return { bytes, descriptor: { ...descriptor, data: Buffer.from(bytes).toString('base64') } };
}

/** For registries and tools that take images alone. */
function imageConfig(blobs: readonly Document[]): Document {
  const config = {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: blobs.map(({ descriptor }) => descriptor.digest) },
  };
  return describe(Buffer.from(goJson(config)), mediaTypes.ociConfig);
}
