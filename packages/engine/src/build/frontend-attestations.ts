// What a frontend says of its result: files of trees that it solved.

import { posix } from 'node:path';
import type { Attestation, Subject } from '../attestation/attestation.ts';
import { digestSet, predicateTypes } from '../attestation/attestation.ts';
import { readStatement } from '../attestation/sbom/bundle.ts';
import type { Defined, DefinedImage } from '../engine.ts';
import type { Definition } from '../llb/definition.ts';
import type { Attestation as Stated } from '../llb/result.ts';
import type { Digest } from '../oci/digest.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import type { BuildFailure } from './failure.ts';
import { solveTree } from './open-graph.ts';
import type { Parts } from './parts.ts';
import { folderTree } from './readable-tree.ts';

/** Whether a frontend has told what is in an image, so that nobody else has to. */
export function hasSbom({ attestations = [] }: DefinedImage): boolean {
  return attestations.some(({ predicateType }) => predicateType === predicateTypes.spdx);
}

/** The statements of an image's frontend, read. Where an image came from is not a frontend's to say. */
export async function frontendAttestations(
  { attestations = [] }: DefinedImage,
  { request, lenders }: Defined,
  parts: Parts,
  job: Job,
): Promise<readonly Attestation[]> {
  const read = attestations.map(async (stated): Promise<readonly Attestation[]> => {
    const { ref, path } = stated;
    if (!ref) throw refused(`the attestation ${path} of the frontend has no tree`);
    await using tree = await solveTree({ definition: ref, client: request, lenders }, parts, job);
    await using mounted = await tree.mount(job);
    const inlineOnly = Buffer.from(stated.metadata.get('inline-only') ?? []).toString() === 'true';
    const files = folderTree(mounted.path);
    if (stated.kind === 'in-toto') return [{ ...statementOf(stated, await files.readFile(path)), inlineOnly }];
    const bundled = (await files.readDir(path)).map(async ({ name }) => {
      const bytes = await files.readFile(posix.join(path, name));
      return { ...readStatement(bytes, { name, predicateType: stated.predicateType }), inlineOnly };
    });
    return Promise.all(bundled);
  });
  const all = (await Promise.all(read)).flat();
  if (all.some(({ predicateType }) => predicateType.startsWith('https://slsa.dev/provenance/'))) {
    throw refused("a frontend may not say where an image came from: provenance is the engine's to tell");
  }
  return all;
}

function statementOf({ path, predicateType, subjects }: Stated<Definition>, bytes: Uint8Array): Attestation {
  let predicate: unknown;
  try {
    predicate = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw refused(`the attestation ${path} of the frontend is not JSON: ${(cause as Error).message}`, cause);
  }
  const own = subjects.filter(({ kind }) => kind === 'self');
  if (own.length > 0 && own.length < subjects.length) {
    throw refused(`the attestation ${path} of the frontend is about the result and about something else: make it two`);
  }
  const named = subjects.map(({ name, digests }): Subject => {
    return { name, digest: Object.assign({}, ...digests.map((digest) => digestSet(digest as Digest))) };
  });
  return {
    predicateType,
    filename: posix.basename(path),
    inlineOnly: false,
    ...(own.length === 0 && named.length > 0 && { subjects: named }),
    predicate: () => predicate,
  };
}

function refused(message: string, cause?: unknown): Failed<BuildFailure> {
  return new Failed<BuildFailure>({ kind: 'frontend-refused', message }, { cause });
}
