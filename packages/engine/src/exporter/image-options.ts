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
}

/** Takes the attributes that image, oci and docker exporters share. */
export function readImageOptions(attrs: Attrs): ImageOptions {
  const annotations = new Annotations(attrs);
  const created = readCreated(attrs);
  const { compression, level, force } = readCompression(attrs);
  const name = attrs.text('name') ?? '';
  for (const attestation of ['oci-artifact', 'attestation-inline']) {
    if (attrs.flag(attestation)) throw wrongOption(attestation, `${attestation}: attestations are not made yet`);
  }
  return {
    name,
    tags: readTags(name),
    oci: attrs.flag('oci-mediatypes') ?? true,
    compression,
    ...(level !== undefined && { level }),
    force,
    rewriteTimestamp: attrs.flag('rewrite-timestamp') ?? false,
    preferNondist: attrs.flag('prefer-nondist-layers') ?? false,
    created,
    annotations,
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
