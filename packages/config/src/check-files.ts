import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from './problem.ts';
import { problemAt } from './settle.ts';
import type { ResolvedTarget } from './target.ts';

/** Says early, and with its place, that a Dockerfile or a folder isn't there. */
export function checkFiles(
  { id, recipe, context, contexts, origins }: ResolvedTarget,
  root: string,
  report: (problem: Problem) => void,
): void {
  const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (context.kind === 'folder' && !isFolder(context.path)) {
    report({
      ...problemAt(['context'], { origins, id, message: `there is no folder ${context.path}` }),
      code: 'config/no-folder',
    });
  } else if (recipe.kind === 'dockerfile' && !statSync(join(recipe.folder, recipe.name), { throwIfNoEntry: false })) {
    const place = origins.has('dockerfile') ? 'dockerfile' : 'context';
    const written =
      context.kind === 'folder' ? join(recipe.folder, recipe.name).slice(context.path.length + 1) : recipe.name;
    const hint = statSync(join(root, written), { throwIfNoEntry: false })
      ? `dockerfile is relative to the context; write ${JSON.stringify(recipe.name)}, or leave the context out`
      : undefined;
    const message = `there is no file ${join(recipe.folder, recipe.name)}`;
    report({
      ...problemAt([place], { origins, id, message, ...(hint !== undefined && { hint }) }),
      code: 'config/no-dockerfile',
    });
  }
  for (const [name, named] of Object.entries(contexts)) {
    const missing =
      (named.kind === 'folder' && !isFolder(named.path)) ||
      // A layout may be packed into a file.
      (named.kind === 'oci-layout' && !statSync(named.path, { throwIfNoEntry: false }));
    if (missing) {
      report({
        ...problemAt(['contexts', name], { origins, id, message: `there is no folder ${named.path}` }),
        code: 'config/no-folder',
      });
    }
  }
}
