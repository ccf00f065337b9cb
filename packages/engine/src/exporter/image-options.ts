import { readCompression } from '../oci/compression.ts';
import type { Compression } from '../oci/media-type.ts';
import { normalised, parseReference } from '../oci/reference.ts';
import { Annotations } from './annotations.ts';
import { Attrs, wrongOption } from './attrs.ts';
import { readCreated, type CreatedTime } from './epoch.ts';

/** What all exporters of images understand (EXP-002). */
export interface ImageOptions {
  /** As written; the list of tags is in `tags`. */
  readonly name: string;
  /** Full names with tags, in order. */
  readonly tags: readonly string[];
  readonly oci: boolean;
  readonly compression: Compression;
  readonly level?: number;
  readonly force: boolean;
  readonly rewriteTimestamp: boolean;
  readonly preferNondist: boolean;
  readonly created: CreatedTime | undefined;
  readonly annotations: Annotations;
  /** Attestations are artifacts about the image; else images that nobody runs, as they were before. */
  readonly ociArtifact: boolean;
  /** Also those attestations that are for images alone. */
  readonly inlineAttestations: boolean;
}

/** Takes the attributes that image, oci and docker exporters share. */
export function readImageOptions(
  attrs: Attrs,
  { inlineAttestations = false }: { readonly inlineAttestations?: boolean } = {},
): ImageOptions {
  const annotations = new Annotations(attrs);
  const created = readCreated(attrs);
  const { compression, level, force } = readCompression(attrs);
  const name = attrs.text('name') ?? '';
  const oci = attrs.flag('oci-mediatypes') ?? true;
  const ociArtifact = attrs.flag('oci-artifact');
  if (ociArtifact && !oci) throw wrongOption('oci-artifact', 'oci-artifact=true conflicts with oci-mediatypes=false');
  return {
    name,
    tags: readTags(name),
    oci,
    compression,
    ...(level !== undefined && { level }),
    force,
    rewriteTimestamp: attrs.flag('rewrite-timestamp') ?? false,
    preferNondist: attrs.flag('prefer-nondist-layers') ?? false,
    created,
    annotations,
    ociArtifact: ociArtifact ?? oci,
    inlineAttestations: attrs.flag('attestation-inline') ?? inlineAttestations,
  };
}

/** A comma list of image names as full names. */
export function readTags(names: string): readonly string[] {
  if (names === '') return [];
  return names.split(',').map((name) => {
    try {
      return normalised(parseReference(name.trim()));
    } catch (error) {
      throw wrongOption('name', (error as Error).message);
    }
  });
}
