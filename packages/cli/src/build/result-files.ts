import { writeFile } from 'node:fs/promises';
import type { RunResult } from '@monokit/engine';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { Mistake } from '../mistake.ts';

/** `--metadata-file` and `--iidfile`, of a build in which nothing failed. */
export async function writeResultFiles(
  results: readonly RunResult[],
  flags: { readonly 'metadata-file': string | undefined; readonly iidfile: string | undefined },
  told: { readonly warnings: readonly Diagnostic[]; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  const responses = results.map(({ response }) => response!);
  if (flags['metadata-file'] !== undefined) {
    const { writeMetadataFile } = await import('../ui/metadata-file.ts');
    await writeMetadataFile(flags['metadata-file'], responses, told);
  }
  if (flags.iidfile !== undefined) {
    const [only, ...others] = responses;
    if (!only || others.length > 0) throw new Mistake('--iidfile goes with one image');
    const { exported, digest } = only;
    await writeFile(flags.iidfile, exported['containerimage.config.digest'] ?? digest ?? '');
  }
}
