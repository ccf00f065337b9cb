import type { SbomOptions } from '../attestation/attest-options.ts';
import type { Attestation } from '../attestation/attestation.ts';
import { readBundle } from '../attestation/sbom/bundle.ts';
import { findFileLayers, uncommentedFiles, withFileLayers } from '../attestation/sbom/file-layers.ts';
import { scanTree } from '../attestation/sbom/scan-tree.ts';
import { coreName, scanDefinition, type Scanner } from '../attestation/sbom/scanner.ts';
import { sbom } from '../attestation/sbom/spdx.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { Defined, DefinedImage } from '../engine.ts';
import type { Definition } from '../llb/definition.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import { formatPlatform, hostPlatform } from '../oci/platform.ts';
import { normalised, parseReference } from '../oci/reference.ts';
import type { Job } from '../session/job.ts';
import { solveTree } from './open-graph.ts';
import type { Parts } from './parts.ts';
import { shown } from './shown.ts';

/** Says what is in an image (and beside it, where the Dockerfile asks for that). The ref stays the caller's. */
export async function scan(
  image: DefinedImage & { readonly ref: ImmutableRef },
  options: SbomOptions,
  { request, lenders }: Defined,
  parts: Parts,
  job: Job,
): Promise<readonly Attestation[]> {
  const { ref, definition, scanned = new Map<string, Definition>() } = image;
  const platform = formatPlatform(image.platform);
  const solve = (wanted: Definition) => solveTree({ definition: wanted, client: request, lenders }, parts, job);
  const { generator } = options;
  if (generator !== undefined) {
    const mode = request.source.options?.['image-resolve-mode'] === 'pull' ? 'pull' : 'default';
    const scanner = await scannerOf({ ...options, generator }, mode, parts, job);
    await using result = await solve(await scanDefinition(scanner, { core: definition, extras: scanned }, platform));
    await using mounted = await result.mount(job);
    const [core, ...others] = readBundle(mounted.path);
    if (!core) return [];
    return [core.filename.startsWith(`${coreName}.`) ? await layered(core, ref, parts, job) : core, ...others];
  }
  const read = (tree: ImmutableRef, name: string) =>
    shown(`[${platform}] generating ${name}`, job, async () => {
      await using mounted = await tree.mount(job);
      return sbom(await parts.pool.run(scanTree, mounted.path, { signal: job.signal }), name);
    });
  const others = [...scanned].map(async ([name, wanted]) => {
    await using tree = await solve(wanted);
    return await read(tree, `${coreName}-${name}`);
  });
  return Promise.all([read(ref, coreName), ...others]);
}

/** What a scanner says of the image, with the layer of each file. */
async function layered(core: Attestation, ref: ImmutableRef, { pool }: Parts, job: Job): Promise<Attestation> {
  const files = uncommentedFiles(core);
  if (files.length === 0) return core;
  const view = await ref.view(job);
  const folders = view.kind === 'overlay' ? view.lower : view.kind === 'bind' ? [view.path] : [];
  const found = await pool.run(findFileLayers, { folders, files }, { signal: job.signal });
  const layers = files.flatMap((file, i) => (found[i] === undefined ? [] : [[file, found[i]] as const]));
  return withFileLayers(core, { layers: new Map(layers), count: folders.length });
}

async function scannerOf(
  options: SbomOptions & { readonly generator: string },
  mode: 'default' | 'pull',
  parts: Parts,
  job: Job,
): Promise<Scanner> {
  const platform = hostPlatform();
  const { generator } = options;
  const found = await shown(`[internal] load metadata for ${generator}`, job, async () => {
    const resolver = await parts.images('registry');
    return resolver.resolve(generator, { platform, mode }, job);
  });
  const config = JSON.parse(Buffer.from(found.config).toString()) as ImageConfig;
  const pinned = normalised({ ...parseReference(generator), digest: found.digest });
  return { ...options, generator: pinned, config, platform };
}
