// The images of a workspace as tasks for the engine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import {
  loadConfig,
  namesOf,
  requestOf,
  resolveTargets,
  type RequestOptions,
  type Purpose,
  type ResolvedTarget,
  type Workspace,
} from '@monokit/config';
import type { Offer, SolveRequest, Task } from '@monokit/engine';
import { cachePath } from '@monokit/engine/cache-path';
import { openSession } from '@monokit/engine/session';
import type { Invocation } from '../command.ts';
import { assignment } from '../flags/assignments.ts';
import { answerProvenanceOf } from '../ui/metadata-file.ts';
import type { ShowInvocation } from './defined-images.ts';
import { Mistake, NothingSelected } from '../mistake.ts';
import { overridden } from './overrides.ts';
import { isTargetFileName } from '../flags/target-file.ts';
import type { BuildInvocation, Chosen, EngineSettings } from './tasks.ts';
import { diagnosticsText, shortest } from '../ui/diagnostics.ts';
import { count } from '../ui/format.ts';
import { isNarrowed, type workspaceFlags } from '../flags/workspace.ts';

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
  if (!isNarrowed(invocation.flags)) return workspace;
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
  const state = join(
    cachePath({ env, ...(flags['cache-dir'] !== undefined && { asked: flags['cache-dir'] }) }),
    'config',
  );
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

interface TaskWorld extends Pick<BuildInvocation, 'env' | 'stdout'> {
  readonly flags: { readonly 'metadata-file': string | undefined };
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

/** Requests of targets, each with a session of its own that lends what the target names. */
class Requests {
  readonly #scope: AsyncDisposableStack;
  readonly #options: Omit<RequestOptions, 'scratch'> & { readonly env: NodeJS.ProcessEnv };
  readonly #made = new Map<string, Promise<SolveRequest>>();
  /** The folder of inline Dockerfiles, where there are any. */
  scratch: string | undefined;

  constructor({
    scope,
    ...options
  }: Omit<RequestOptions, 'scratch'> & { readonly scope: AsyncDisposableStack; readonly env: NodeJS.ProcessEnv }) {
    this.#scope = scope;
    this.#options = options;
  }

  of(target: ResolvedTarget): Promise<SolveRequest> {
    let made = this.#made.get(target.id);
    if (!made) this.#made.set(target.id, (made = this.#make(target)));
    return made;
  }

  async #make(target: ResolvedTarget): Promise<SolveRequest> {
    const needsScratch = target.recipe.kind === 'inline-dockerfile';
    const { request, lent } = await requestOf(target, {
      scratch: needsScratch ? this.#folder() : '',
      ...this.#options,
    });
    const session = this.#scope.use(openSession(lent));
    const { source } = request;
    if (source.kind === 'definition') {
      if (!target.noCache) return { ...request, session };
      const images = source.images.map((image) => ({ ...image, definition: uncached(image.definition) }));
      return { ...request, source: { ...source, images }, session };
    }
    // The folders of two images have the same names: their ops must not be equal where one is built from the other.
    const owned = Object.keys(lent.folders ?? {}).map((name) => [`local-sessionid:${name}`, target.id]);
    return { ...request, source: { ...source, options: { ...source.options, ...Object.fromEntries(owned) } }, session };
  }

  #folder(): string {
    if (this.scratch === undefined) {
      const made = mkdtempSync(join(tmpdir(), 'monokit-'));
      this.#scope.defer(() => rmSync(made, { recursive: true, force: true }));
      this.scratch = made;
    }
    return this.scratch;
  }
}

type DefinitionOf<T> = T extends { readonly kind: 'definition'; readonly images: readonly (infer I)[] } ? I : never;

/** The definition with every op run again. */
function uncached({ ops, metadata, ...rest }: DefinitionOf<SolveRequest['source']>['definition']) {
  const again = [...metadata].map(([digest, each]) => [digest, { ...each, ignoreCache: true }] as const);
  return { ops, metadata: new Map(again), ...rest };
}
