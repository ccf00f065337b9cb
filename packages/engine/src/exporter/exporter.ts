// Where builds end: refs and configs become images, archives or folders. An export has two steps, as in BuildKit: `make`
// produces everything here, `finalise` sends it away (pushes), so that pushes of many targets run together.

import type { Attestation } from '../attestation/attestation.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { Store } from '../content/store.ts';
import type { ExportDestination, ExportRequest } from '../engine.ts';
import type { CompressionOptions } from '../oci/compression.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import type { Platform } from '../oci/platform.ts';
import type { Pool } from '../pool/pool.ts';
import type { Work } from '../progress/work.ts';
import type { Registries } from '../registry/registry.ts';
import type { Job } from '../session/job.ts';
import { dockerExporter } from './docker.ts';
import { imageExporter } from './image.ts';
import { localExporter } from './local.ts';
import { ociExporter } from './oci.ts';
import { tarExporter } from './tar.ts';

export interface Exporter {
  /** Judges attributes and destination before anything is built. Throws `Failed<ExportFailure>`, or the loader's failure. */
  check(request: Pick<ExportRequest, 'attrs' | 'destination'>, work: Pick<Work, 'signal'>): Promise<void>;
  /** Makes the artefact; under its final name it is whole or not there at all. */
  make(input: ExportInput, deps: ExportDeps, job: Job): Promise<Made>;
}

/** What was built. The refs are still the caller's when this is done. */
export interface ExportInput {
  readonly images: readonly ExportImage[];
  /** The result is an index (or a folder for each platform), even with one image. */
  readonly multiPlatform: boolean;
  readonly attrs: Readonly<Record<string, string>>;
  readonly destination?: ExportDestination;
  /** When the build began, Unix milliseconds. */
  readonly startedAt?: number;
  /** The vertex that stands for this export in the progress; without one nothing is reported. */
  readonly vertex?: Digest;
}

export interface ExportImage {
  readonly platform: Platform;
  readonly ref: ImmutableRef;
  /** Its history has one entry for each instruction; `rootfs` is made here. Absent for LLB without one. */
  readonly config?: ImageConfig;
  readonly baseConfig?: ImageConfig;
  /** SOURCE_DATE_EPOCH as the build has it, Unix seconds. */
  readonly epoch?: number;
  /** What is said of it, in order. */
  readonly attestations?: readonly Attestation[];
  /** Gives the cache records that the image is to carry, of its layers as they are compressed; undefined for none. */
  readonly inlineCache?: (how: CompressionOptions) => Promise<Uint8Array | undefined>;
}

export interface ExportDeps {
  readonly content: Store;
  readonly images: TagStore;
  /** Opened by the first who asks. */
  readonly registries: () => Promise<Registries>;
  readonly pool: Pool;
}

/** The images that stay here under their tags. */
export interface TagStore {
  get(name: string): { readonly descriptor: Descriptor } | undefined;
  put(name: string, descriptor: Descriptor): Promise<void>;
}

export interface Made {
  /** By BuildKit's keys: `containerimage.digest`, `containerimage.config.digest`, `containerimage.descriptor`, `image.name`. */
  readonly response: Readonly<Record<string, string>>;
  /** The manifest's or index's, where an image came out. */
  readonly digest?: Digest;
  /** Bytes of all layers, compressed. */
  readonly size?: number;
  /** Sends it away. Runs once, while the refs are still held. */
  finalise?(): Promise<void>;
}

export const exporters: { readonly [T in ExportRequest['type']]: Exporter } = {
  image: imageExporter,
  oci: ociExporter,
  docker: dockerExporter,
  tar: tarExporter,
  local: localExporter,
};
