// The words of this workspace. Nobody waits for a suggestion, and nobody reads its errors: what can't be told is left out.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedTarget, Workspace } from '@monokit/config';
import { configState } from '../tasks/config-state.ts';
import { commands } from '../commands.ts';
import type { Known, Suggestion } from './suggest.ts';

/** Runs that are suggested. */
const most = 20;

export function knownHere(cwd: string, env: NodeJS.ProcessEnv): Known {
  let opened: Promise<Workspace | undefined> | undefined;
  const workspace = () => (opened ??= openedQuietly(cwd, env));
  return {
    commands,
    async images() {
      const { targets = new Map<string, ResolvedTarget>(), groups = new Map() } = (await workspace()) ?? {};
      return [
        ...[...targets.values()].map(({ id, description }): Suggestion => ({
          value: id,
          ...(description !== undefined && { help: description }),
        })),
        ...[...groups].map(([value, members]): Suggestion => ({
          value,
          help: `group: ${(members as readonly string[]).join(', ')}`,
        })),
      ];
    },
    async stages(image) {
      const target = (await workspace())?.targets.get(image);
      return target ? stagesOf(target).map((stage) => ({ value: `${image}#${stage}` })) : [];
    },
    async runs() {
      const { RunsHere } = await import('../runs/runs-here.ts');
      const { commandText, whenText } = await import('../runs/result.ts');
      const here = await RunsHere.open({ flags: { 'cache-dir': undefined }, cwd, env });
      const now = Date.now();
      return here
        .runs()
        .take(most)
        .map(({ record }) => ({ value: record.id, help: `${whenText(record.startedAt, now)}: ${commandText(record)}` }))
        .toArray();
    },
    async tags() {
      const targets = (await workspace())?.targets.values() ?? [];
      return [...new Set([...targets].flatMap(({ selectors }) => selectors))];
    },
  };
}

async function openedQuietly(cwd: string, env: NodeJS.ProcessEnv): Promise<Workspace | undefined> {
  try {
    const { loadConfig, resolveTargets } = await import('@monokit/config');
    const state = configState({ env });
    const { loaded } = await loadConfig({ cwd, env, state });
    if (!loaded) return undefined;
    return (await resolveTargets(loaded, { select: ['all'], env, state, purpose: 'list' })).workspace;
  } catch {
    return undefined;
  }
}

/**
 * The names of a Dockerfile's stages, as they are written: a word that is suggested is not worth the frontend, which takes
 * arguments and heredocs into account.
 */
function stagesOf({ recipe }: ResolvedTarget): readonly string[] {
  const text = recipe.kind === 'inline-dockerfile' ? recipe.text : recipe.kind === 'dockerfile' ? textOf(recipe) : '';
  return [...text.matchAll(/^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*\S+[ \t]+AS[ \t]+([\w.-]+)/gim)].map(([, name]) =>
    name!.toLowerCase(),
  );
}

function textOf({ folder, name }: { readonly folder: string; readonly name: string }): string {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch {
    return '';
  }
}
