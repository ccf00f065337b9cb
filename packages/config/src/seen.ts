import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { filesOfGit } from './git.ts';
import { pathsOfInputs, type ReadsRecord } from './reads.ts';

/** The paths of what was read, where paths are all that was. */
export function seenBy({ files, absent, links, git, inputs }: ReadsRecord): readonly string[] | undefined {
  const ofGit = git ? filesOfGit(git.root) : [];
  if (inputs || !ofGit) return undefined;
  return [...Object.keys(files), ...absent, ...Object.keys(links), ...ofGit].map(unlessGit);
}

/** The paths of what was read, as far as they are known. */
export function knownBy({ files, absent, links, git, inputs }: ReadsRecord): readonly string[] {
  const ofInputs = inputs
    ? [...pathsOfInputs(inputs.root, inputs.patterns)].map((path) => resolve(inputs.root, path))
    : [];
  const ofGit = (git && filesOfGit(git.root)) ?? [];
  return [...Object.keys(files), ...absent, ...Object.keys(links), ...ofGit, ...ofInputs].map(unlessGit);
}

/** Whether there is a repository is told by its HEAD: the folder itself is touched whenever somebody asks for its status. */
function unlessGit(path: string): string {
  const head = join(path, 'HEAD');
  return basename(path) === '.git' && statSync(head, { throwIfNoEntry: false }) ? head : path;
}
