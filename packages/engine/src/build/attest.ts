import type { AttestOptions } from '../attestation/attest-options.ts';
import type { Attestation } from '../attestation/attestation.ts';
import { capture } from '../attestation/capture.ts';
import { slsa02 } from '../attestation/provenance-v02.ts';
import { provenance, predicateV1, type BuildTold } from '../attestation/provenance.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { Defined, DefinedImage } from '../engine.ts';
import { dockerfileVersion } from '../frontend/dockerfile/version.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { Job } from '../session/job.ts';
import { frontendAttestations, hasSbom } from './frontend-attestations.ts';
import { configSource, materialOf } from './materials.ts';
import type { Parts } from './parts.ts';

/** What is said of a request's images. */
export interface Attested {
  /** For each image, in order. */
  readonly attestations: readonly (readonly Attestation[])[];
  /** Where each image came from, by its platform, as `SolveResponse` has it. */
  readonly provenance?: Readonly<Record<string, unknown>>;
}

/** Says of each image what the request asks for. The refs stay the caller's. */
export async function attest(
  defined: Defined,
  refs: readonly ImmutableRef[],
  options: AttestOptions,
  parts: Parts,
  job: Job,
): Promise<Attested> {
  const { images, request } = defined;
  const { answerProvenance } = request;
  const asksWhere = options.provenance !== undefined || answerProvenance !== undefined;
  const told = await Promise.all(images.map((image) => (asksWhere ? tell(defined, image, parts, job) : undefined)));
  const attestations = await Promise.all(
    images.map(async (image, i): Promise<readonly Attestation[]> => {
      const from = told[i];
      const where = options.provenance && from ? [provenance(from, options.provenance)] : [];
      const stated = await frontendAttestations(image, defined, parts, job);
      if (!options.sbom || hasSbom(image)) return [...stated, ...where];
      const { scan } = await import('./scan.ts');
      return [...(await scan({ ...image, ref: refs[i]! }, options.sbom, defined, parts, job)), ...stated, ...where];
    }),
  );
  if (answerProvenance === undefined) return { attestations };
  const answers = images.map(({ platform }, i) => [formatPlatform(platform), answerOf(told[i]!, answerProvenance)]);
  return { attestations, provenance: Object.fromEntries(answers) };
}

async function tell(defined: Defined, image: DefinedImage, parts: Parts, job: Job): Promise<BuildTold> {
  const { request, resolved = [], lenders } = defined;
  const { definition, platform } = image;
  const captured = await capture(definition, {
    resolved,
    platform,
    settle: (op, digest) =>
      materialOf(op, digest, parts, { ...job, session: lenders?.get(digest)?.session ?? job.session }),
  });
  const { source } = request;
  const frontend = source.kind === 'frontend' ? source.frontend : '';
  const args = source.options ?? {};
  return {
    frontend,
    args,
    definition,
    captured,
    config: configSource(args, captured),
    ...(frontend === 'dockerfile.v0' && { dockerfileVersion }),
  };
}

/** What buildx puts into its metadata file: predicate v0.2, in mode `min` without the steps and what is told of them. */
function answerOf(told: BuildTold, mode: 'min' | 'max'): unknown {
  const all = slsa02(predicateV1(told, { mode: 'max', builderId: '', reproducible: false }, { layers: [] }));
  if (mode === 'max') return all;
  const { buildConfig: _steps, metadata: _metadata, ...min } = all;
  return min;
}
