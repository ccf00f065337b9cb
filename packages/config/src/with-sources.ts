import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isRecord } from './check.ts';
import { sourceOf } from './config-text.ts';
import { gitTop } from './git.ts';
import type { Loading, LoadOptions } from './load.ts';
import type { Reads } from './reads.ts';
import type { Found, Searched } from './search.ts';

/** What was found, with what its bake and compose files define. */
export async function withSources(
  { files: named = [], isGuess, ...found }: Searched,
  { vars, env, reads }: Required<Pick<LoadOptions, 'vars' | 'env'>> & { readonly reads: Reads },
): Promise<Found | Loading> {
  const written = isRecord(found.value) ? found.value['sources'] : undefined;
  const own = Array.isArray(written) ? written.filter((name) => typeof name === 'string') : [];
  const files = [...own.map((name) => resolve(found.root, name)), ...named];
  if (files.length === 0) return found;
  const { readDefinition } = await import('./bake/files.ts');
  const missing = files.find((file) => !statSync(file, { throwIfNoEntry: false })?.isFile());
  if (missing !== undefined && found.file !== undefined) {
    const { diagnose } = await import('./diagnose.ts');
    const path = ['sources', files.indexOf(missing)];
    const problem = { code: 'config/no-file', path, message: `there is no file ${missing}` };
    return { diagnostics: diagnose([problem], sourceOf({ ...found, file: found.file })) };
  }
  const { definition, diagnostics } = await readDefinition({ files, folder: found.root, vars, env, reads });
  if (!definition) return { diagnostics };
  // Services that are not built are no reason to look for Dockerfiles no more.
  if (isGuess && definition.targets.length === 0 && files.every((file) => /\.ya?ml$/.test(file))) {
    const top = gitTop(found.root) ?? found.root;
    return { ...found, root: top };
  }
  return { ...found, sources: definition, warnings: diagnostics };
}
