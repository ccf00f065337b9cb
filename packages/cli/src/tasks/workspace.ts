// The workspace that rules a folder, with what the command line chooses of it.

import { loadConfig, resolveTargets, type Purpose, type Workspace } from '@monokit/config';
import type { Invocation } from '../command.ts';
import { assignment } from '../flags/assignments.ts';
import { isTargetFileName } from '../flags/target-file.ts';
import { isNarrowed, type workspaceFlags } from '../flags/workspace.ts';
import { Mistake, NothingSelected } from '../mistake.ts';
import { diagnosticsText, shortest } from '../ui/diagnostics.ts';
import { count } from '../ui/format.ts';
import { configState } from './config-state.ts';
import type { ShowInvocation } from './defined-images.ts';
import type { EngineSettings } from './tasks.ts';

export type WorkspaceInvocation = Pick<Invocation<typeof workspaceFlags>, 'cwd' | 'env' | 'stderr'> & {
  /** `-f` names bake and compose files, as `--config` does. */
  readonly flags: Invocation<typeof workspaceFlags>['flags'] & { readonly file?: readonly string[] };
};

/**
 * The workspace that rules this folder, with `select` of its images chosen. Problems are printed with their places; if
 * one is an error that is all, with exit code 2. What is only printed or listed need not be buildable.
 */
export async function openWorkspace(
  invocation: WorkspaceInvocation,
  select: readonly string[],
  options: { readonly purpose?: Purpose } = {},
): Promise<Workspace> {
  const workspace = await workspaceIfAny(invocation, select, options);
  if (workspace) return narrow(invocation, workspace);
  throw new Mistake(
    'there is no workspace here: neither a buildkit.config.ts, a bake or compose file, nor a Dockerfile was found',
    'write a Dockerfile, name a folder (cli build ./app), or begin with cli init',
  );
}

/** The workspace with what `--filter` and `--affected` leave of its selection. */
async function narrow(invocation: WorkspaceInvocation, workspace: Workspace): Promise<Workspace> {
  if (!isNarrowed(invocation)) return workspace;
  const { narrowed } = await import('../affected/select.ts');
  const ids = await narrowed(invocation as ShowInvocation, workspace);
  const selected = workspace.selected.filter(({ id }) => ids.has(id.split('#')[0]!));
  if (selected.length === 0) throw new NothingSelected('no image is affected or meant: there is nothing to do');
  // What git says is no file that could be watched.
  return { ...workspace, selected, seen: undefined };
}

/** As `openWorkspace`; undefined where there is neither a config nor any Dockerfile. */
export async function workspaceIfAny(
  { cwd, env, stderr, flags }: WorkspaceInvocation,
  select: readonly string[],
  { purpose = 'build' }: { readonly purpose?: Purpose } = {},
): Promise<Workspace | undefined> {
  const vars = Object.fromEntries(flags.var.map((text) => assignment('--var', text)!));
  const state = configState({ flags, env });
  const loading = await loadConfig({
    cwd,
    vars,
    env,
    state,
    config: [...flags.config, ...(flags.file ?? []).filter(isTargetFileName)],
  });
  const resolution = loading.loaded
    ? await resolveTargets(loading.loaded, { select, set: flags.set, vars, env, state, purpose })
    : undefined;
  const diagnostics = [...loading.diagnostics, ...(resolution?.diagnostics ?? [])];
  const nothing = diagnostics.some(({ code }) => code === 'config/nothing-found');
  if (loading.loaded && loading.loaded.file === undefined && nothing) return undefined;
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [only] = errors;
  // What was typed (a selection, a --set) has no place in a file.
  if (only && errors.length === 1 && !only.range) throw new Mistake(only.message, only.hint);
  stderr.write(diagnosticsText(diagnostics, { cwd, stream: stderr }));
  if (resolution?.workspace) return resolution.workspace;
  const files = [...new Set(errors.map(({ file }) => shortest(file, cwd)))];
  throw new Mistake(`${count(errors.length, 'problem')} in ${files.join(', ')}`);
}

/** What the config says of the engine and the run. */
export function engineSettingsOf({ settings }: Workspace, env: NodeJS.ProcessEnv): EngineSettings {
  const { registries, run, cache } = settings;
  return {
    ...(cache.dir !== undefined && { cacheDir: cache.dir }),
    ...(run.concurrency !== undefined && { concurrency: String(run.concurrency) }),
    // Somebody at a terminal wants to know at once; a CI's log should tell of everything that is broken.
    continue: run.continue ?? (isCi(env) ? 'dependencies-successful' : 'never'),
    ...(run.memory && { memory: run.memory }),
    registries,
    ...((cache.maxSize !== undefined || cache.maxAge !== undefined) && {
      keep: {
        ...(cache.maxSize !== undefined && { storage: cache.maxSize }),
        ...(cache.maxAge !== undefined && { duration: cache.maxAge * 1000 }),
      },
    }),
  };
}

/** Azure says who it is, but not that it is a CI. */
function isCi(env: NodeJS.ProcessEnv): boolean {
  return env['TF_BUILD'] !== undefined || (env['CI'] !== undefined && !['', 'false'].includes(env['CI']));
}
