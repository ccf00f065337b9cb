// Images with their graphs, for the commands that show what would be built and build nothing.

import type { Defined, LocalEngine, Task } from '@monokit/engine';
import type { Invocation } from '../command.ts';
import type { imageFlags } from '../flags/build.ts';
import type { workspaceFlags } from '../flags/workspace.ts';
import { onlyFolder } from './is-folder.ts';
import type { BuildInvocation, Chosen, EngineSettings } from './tasks.ts';

export type ShowInvocation = Invocation<typeof imageFlags & typeof workspaceFlags>;

export interface DefinedImages {
  readonly engine: LocalEngine;
  readonly tasks: readonly Task[];
  readonly defined: readonly Defined[];
  /** Which images are built from which: pairs of ids. */
  readonly needs: readonly (readonly [from: string, to: string])[];
  readonly settings: EngineSettings;
  /** Folder that the Dockerfile's name is relative to, by image. */
  readonly folderOf: Chosen['folderOf'];
}

/** Defines the images that the command line means, and nothing more: steps are not run. */
export async function defineImages(
  invocation: ShowInvocation,
  positionals: readonly string[],
  scope: AsyncDisposableStack,
): Promise<DefinedImages> {
  const folder = onlyFolder(positionals);
  const { chosenTasks } = await import('./tasks.ts');
  const asked = { ...invocation, positionals } as unknown as BuildInvocation;
  return defineChosen(await chosenTasks(asked, scope, folder), invocation, scope);
}

/** The same for what was chosen already. */
export async function defineChosen(
  chosen: Chosen,
  { flags, env, signal }: Pick<ShowInvocation, 'flags' | 'env' | 'signal'>,
  scope: AsyncDisposableStack,
): Promise<DefinedImages> {
  const { tasks, offers, settings, folderOf } = chosen;
  const [{ openEngineFor }, { estimatorOf }] = await Promise.all([
    import('./open-engine.ts'),
    import('../recorder/estimator.ts'),
  ]);
  const estimate = estimatorOf(chosen, { env, flags });
  const engine = scope.use(await openEngineFor(flags, env, settings, { estimate }));
  const { defineAll } = await import('@monokit/engine');
  const needs: [string, string][] = [];
  const onNeed = (from: string, to: string) => void needs.push([from, to]);
  const promises = defineAll(engine, tasks, { signal, report: () => undefined, offers, onNeed });
  return { engine, tasks, defined: await Promise.all(promises), needs, settings, folderOf };
}
