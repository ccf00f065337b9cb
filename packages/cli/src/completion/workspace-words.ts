// The words of this workspace, as they were the last time if nothing that they came from was touched: a config that is a
// program is not run at each tab.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { ResolvedTarget } from '@monokit/config';
import { askedVariables } from '../fresh/asked-variables.ts';
import { freshPath, passing, recallAnswer } from '../fresh/fresh.ts';
import type { Suggestion } from './suggest.ts';

export interface WorkspaceWords {
  /** Images and groups. */
  readonly images: readonly Suggestion[];
  /** By image. */
  readonly stages: Readonly<Record<string, readonly string[]>>;
  readonly tags: readonly string[];
}

/** Nobody waits for a suggestion, and nobody reads its errors: of a workspace that is broken there are none. */
export async function workspaceWords(cwd: string, env: NodeJS.ProcessEnv): Promise<WorkspaceWords> {
  try {
    const path = freshPath(['completion'], { cwd, env });
    return recallAnswer<WorkspaceWords>(path, env) ?? (await readWords(path, { cwd, env }));
  } catch {
    return { images: [], stages: {}, tags: [] };
  }
}

async function readWords(
  path: string,
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<WorkspaceWords> {
  const [{ loadConfig, resolveTargets }, { configState }, { keepAnswer }] = await Promise.all([
    import('@monokit/config'),
    import('../tasks/config-state.ts'),
    import('../fresh/keep.ts'),
  ]);
  const { env: noting, asked } = askedVariables(env, passing);
  const state = configState({ env });
  const { loaded } = await loadConfig({ cwd, env: noting, state });
  const resolving = loaded && resolveTargets(loaded, { select: ['all'], env: noting, state, purpose: 'list' });
  const workspace = (await resolving)?.workspace;
  if (!workspace) throw new Error('the workspace is broken');
  const targets = [...workspace.targets.values()];
  const words: WorkspaceWords = {
    images: [
      ...targets.map(({ id, description }) => ({ value: id, ...(description !== undefined && { help: description }) })),
      ...[...workspace.groups].map(([value, members]) => ({ value, help: `group: ${members.join(', ')}` })),
    ],
    stages: Object.fromEntries(targets.map((target) => [target.id, stagesOf(target)])),
    tags: [...new Set(targets.flatMap(({ selectors }) => selectors))],
  };
  const { seen } = workspace;
  if (!seen) return words;
  const looks = {
    variables: Object.fromEntries([...asked].map((name) => [name, env[name] ?? null])),
    paths: [...seen, ...targets.flatMap(dockerfileOf)],
    made: [],
    folders: [],
    began: performance.timeOrigin,
  };
  try {
    keepAnswer(path, words, looks);
  } catch {
    // Where nothing can be kept, the next tab takes as long as this one.
  }
  return words;
}

/**
 * The names of a Dockerfile's stages, as they are written: a word that is suggested is not worth the frontend, which takes
 * arguments and heredocs into account.
 */
function stagesOf(target: ResolvedTarget): readonly string[] {
  const { recipe } = target;
  const text = recipe.kind === 'inline-dockerfile' ? recipe.text : dockerfileOf(target).map(textOf).join('');
  return [...text.matchAll(/^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*\S+[ \t]+AS[ \t]+([\w.-]+)/gim)].map(([, name]) =>
    name!.toLowerCase(),
  );
}

function dockerfileOf({ recipe }: ResolvedTarget): readonly string[] {
  return recipe.kind === 'dockerfile' ? [join(recipe.folder, recipe.name)] : [];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
