// The images of a workspace as tasks for the engine.

import { join } from 'node:path';
import { Writable } from 'node:stream';
import { namesOf, type ResolvedTarget, type Workspace } from '@monokit/config';
import type { Offer, Task } from '@monokit/engine';
import { Mistake } from '../mistake.ts';
import { answerProvenanceOf } from '../ui/metadata-file.ts';
import { overridden } from './overrides.ts';
import { Requests } from './requests.ts';
import type { BuildInvocation, Chosen } from './tasks.ts';
import { engineSettingsOf, openWorkspace } from './workspace.ts';

interface TaskWorld extends Pick<BuildInvocation, 'env' | 'stdout'> {
  readonly flags: { readonly 'metadata-file'?: string | undefined };
  readonly scope: AsyncDisposableStack;
}

/** The chosen images as tasks, with those they depend on; all others are offered, for those that are built from them. */
export async function workspaceTasks(invocation: BuildInvocation, scope: AsyncDisposableStack): Promise<Chosen> {
  const { cwd, env, flags, positionals } = invocation;
  const workspace = await openWorkspace(invocation, positionals);
  return tasksOf(workspace, await overridden(workspace.selected, flags, { cwd, env }), { ...invocation, scope });
}

/** The same of targets of a workspace that may have been changed. */
export async function tasksOf(
  workspace: Workspace,
  chosen: readonly ResolvedTarget[],
  { env, flags, stdout, scope }: TaskWorld,
): Promise<Chosen> {
  const asks = callOfAll(chosen);
  const first = chosen.filter(({ outputs }) => outputs.some(({ dest }) => dest === '-'));
  if (first.length > 1) {
    throw new Mistake(`only one image can go to standard output, not ${first.map(({ id }) => id).join(' and ')}`);
  }
  const wanted = withDependencies(chosen, workspace);
  const answerProvenance = answerProvenanceOf(flags['metadata-file'], env);
  const requests = new Requests({
    scope,
    env,
    ...(answerProvenance !== undefined && { answerProvenance }),
    ...(workspace.witness && { witness: workspace.witness }),
    stdout: () => Writable.toWeb(stdout) as WritableStream<Uint8Array>,
  });
  const tasks = await Promise.all(
    wanted.map(async (target): Promise<Task> => ({
      request: await requests.of(target),
      names: namesOf(target),
      dependsOn: target.dependsOn,
    })),
  );
  const ids = new Set(wanted.map(({ id }) => id));
  const others = [...workspace.targets.values()].filter(({ id }) => !ids.has(id));
  const offers = others.map((target): Offer => ({
    id: target.id,
    names: namesOf(target),
    request: () => requests.of({ ...target, outputs: [{ type: 'cacheonly', attrs: {} }], cacheTo: [] }),
  }));
  const folderOf = new Map(
    [...workspace.targets.values(), ...chosen].flatMap(({ id, recipe }) =>
      recipe.kind === 'dockerfile' ? [[id, recipe.folder] as const] : [],
    ),
  );
  const layouts = [...workspace.targets.values()].flatMap(({ contexts }) =>
    Object.values(contexts).flatMap((each) =>
      each.kind === 'oci-layout' ? [each.path, join(each.path, 'index.json')] : [],
    ),
  );
  // What a function defines may depend on anything, unless it was seen at its work.
  const defines = [...workspace.targets.values()].some(({ recipe }) => recipe.kind === 'define');
  const isTold = () => !defines || workspace.witness?.isPure === true;
  const meant = new Set(chosen.map(({ id }) => id));
  const watched = new Map(
    chosen.flatMap(({ id, watch: spec, sourced }) => {
      const service = sourced?.service;
      return spec || service ? [[id, { ...(spec && { spec }), ...(service && { service }) }] as const] : [];
    }),
  );
  const settings = engineSettingsOf(workspace, env);
  return {
    tasks,
    meant,
    offers,
    folderOf,
    settings,
    ...(asks !== undefined && { asks }),
    seen: () => (workspace.seen && isTold() ? [...workspace.seen, ...layouts] : undefined),
    scratch: () => requests.scratch,
    root: workspace.root,
    ...(workspace.file !== undefined && { file: workspace.file }),
    runsRoot: workspace.root,
    watched,
    known: [...workspace.known, ...layouts],
  };
}

/** The question that all of these are asked; some that are built and others that are asked go not together. */
function callOfAll(chosen: readonly ResolvedTarget[]): string | undefined {
  const [first] = chosen;
  const asks = first?.sourced?.call;
  const other = chosen.find(({ sourced }) => sourced?.call !== asks);
  if (!first || !other) return asks;
  const told = [first, other].map(
    ({ id, sourced }) => `${id} is ${sourced?.call ? `asked for ${sourced.call}` : 'built'}`,
  );
  throw new Mistake(
    `not all of these are built: ${told.join(', ')}`,
    'name those of one kind, or --set IMAGE.call=build',
  );
}

/** The chosen images, after those that they say they depend on. */
function withDependencies(chosen: readonly ResolvedTarget[], { targets }: Workspace): readonly ResolvedTarget[] {
  const result = new Map<string, ResolvedTarget>();
  const own = new Map(chosen.map((target) => [target.id, target]));
  const add = (target: ResolvedTarget): void => {
    if (result.has(target.id)) return;
    for (const id of target.dependsOn) add(own.get(id) ?? targets.get(id)!);
    result.set(target.id, target);
  };
  for (const target of chosen) add(target);
  return [...result.values()];
}
