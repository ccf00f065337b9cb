// Where graphs end: a result becomes an image in a store or registry, an archive, or a folder. Each kind is a sibling file
// with the same shape; what they share is assembling manifests from refs (assemble.ts).
import type { ImmutableRef } from '../cache/ref.ts';
import type { ExportDestination } from '../engine.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import type { Platform } from '../oci/platform.ts';
import type { Job } from '../session/job.ts';

export interface Exporter {
  /** Makes the artefact and puts it where it goes: whole, or not at all. An attribute that it does not know is refused. */
  export(input: ExportInput, job: Job): Promise<Exported>;
}

export interface ExportInput {
  /** Of the request; names the work for people. */
  readonly id: string;
  /** One image, or one a platform. */
  readonly images: readonly ExportImage[];
  /** Makes an index even of one image. */
  readonly multiPlatform: boolean;
  /** By BuildKit's names (EXP-002 … EXP-004). */
  readonly attrs: Readonly<Record<string, string>>;
  readonly destination?: ExportDestination;
}

export interface ExportImage {
  readonly platform: Platform;
  readonly ref: ImmutableRef;
  /** Without rootfs; with one history entry an instruction. Absent for LLB that came without one. */
  readonly config?: ImageConfig;
  readonly baseConfig?: ImageConfig;
  /** SOURCE_DATE_EPOCH, Unix seconds. */
  readonly epoch?: number;
}

export interface Exported {
  /** By BuildKit's keys: `containerimage.digest`, `image.name`, … */
  readonly response: Readonly<Record<string, string>>;
  /** Of the manifest or index, where there is one. */
  readonly digest?: Digest;
  /** Bytes of all layers as exported. */
  readonly size?: number;
}
