// From a configuration to the images that it means: variables, layers, matrices, `--set`, groups and selection.

import { relative, resolve } from 'node:path';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import type { Definition } from './bake/definition.ts';
import type { InheritOptions } from './bake/inherit.ts';
import type { SourcedImages } from './bake/sourced.ts';
import { checkFiles } from './check-files.ts';
import { sourceOf } from './config-text.ts';
import type { Discovered } from './discover.ts';
import { cellsOf, uniqueById } from './expand.ts';
import { discoveredIn } from './found.ts';
import { imageLayers, laidOver, merged, type Layer } from './layers.ts';
import { groupMembers, linked, needsOf, type Targets } from './links.ts';
import type { LoadedConfig, Witness } from './load.ts';
import type { Problem } from './problem.ts';
import { selected } from './select.ts';
import { settingsOf, type Settings } from './settings.ts';
import { settled } from './settle.ts';
import type { ResolvedTarget } from './target.ts';
import { valuesOf, type VariableValues } from './vars.ts';

export type Purpose = 'build' | 'print' | 'list';

export interface ResolveOptions {
  /** What to build: `all`, ids, groups, globs, `id#stage`. None is the group `default`, or all. */
  readonly select?: readonly string[];
  /** Texts given with `--set`. */
  readonly set?: readonly string[];
  /** Texts given with `--var`. */
  readonly vars?: Readonly<Record<string, string>>;
  /** The process's own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** What is done with the images: those that are only printed need no files, those that are listed may be wrong. */
  readonly purpose?: Purpose;
  /** A folder to remember discoveries in. */
  readonly state?: string;
}

/** A workspace as it will be built. */
export interface Workspace {
  /** Absolute. */
  readonly root: string;
  /** The configuration, absolute; the first of the bake and compose files where there is none; undefined for Dockerfiles alone. */
  readonly file?: string;
  /** Every target by id, in order. */
  readonly targets: Targets;
  /** Those to build, in the order they were asked for; a stage asked for by itself has the id `id#stage`. */
  readonly selected: readonly ResolvedTarget[];
  /** Groups with their members' ids. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly vars: VariableValues;
  /** What bake and compose files define, if any were read. */
  readonly sources?: Definition;
  readonly settings: Settings;
  /**
   * Files and folders (there or not) that decide all this together with the environment: while none of them is touched,
   * it is the same. Undefined if files don't tell.
   */
  readonly seen: readonly string[] | undefined;
  /** Those of them that are known, where others may decide it, too. */
  readonly known: readonly string[];
  /** Of the configuration's functions, where there are any that files may tell of. */
  readonly witness?: Witness;
}

export interface Resolution {
  /** Absent if a diagnostic is an error. */
  readonly workspace?: Workspace;
  readonly diagnostics: readonly Diagnostic[];
}

/** Resolves a loaded configuration. All problems are found, not only the first. */
export async function resolveTargets(loaded: LoadedConfig, options: ResolveOptions = {}): Promise<Resolution> {
  const { config, root } = loaded;
  const { select = [], set = [], vars: given = {}, env = process.env } = options;
  const problems: Problem[] = [];
  const report = (problem: Problem) => void problems.push(problem);

  const sourced = await sourcedImages(loaded, { set, env, report });
  const { settable } = loaded.sources ?? { settable: [] as readonly string[] };
  const isElsewhere = (name: string) => !settable || settable.includes(name);
  const { values: vars, problems: wrong } = valuesOf(config.vars ?? {}, { given, env, isElsewhere });
  problems.push(...wrong);
  const settings = settingsOf(config, root, report);
  const discovery = { ...options, taken: dockerfilesOf(sourced?.layers, root) };
  const { found: discovered, ...looked } = await discoveredIn(loaded, discovery, report);
  const overriding = set.length > 0 ? await import('./override.ts') : undefined;
  const overrides = set.flatMap((text) => {
    const wrongSets: Problem[] = [];
    const read = overriding!.readOverrides([text], (problem) => wrongSets.push(problem));
    // Other keys than those of images are for the targets of bake and compose files.
    if (!sourced?.taken.has(text)) problems.push(...wrongSets);
    return read;
  });
  if (sourced) reportClashes(sourced, { config, discovered, report });
  const expanded: ResolvedTarget[] = [];
  for (const [image, layers] of imageLayers(config, { discovered, sourced: sourced?.layers ?? new Map() }, report)) {
    // What nobody builds of a bake or compose file may be wrong.
    const tell = sourced?.has(image) ? (problem: Problem) => sourced.report(image, problem) : report;
    for (const { id, cell, layered } of cellsOf(image, merged(layers, tell), vars, tell)) {
      // Those of sources have been set already, with what they inherit from.
      const override = sourced?.has(image) ? undefined : overriding?.overrideLayer(id, layered.image, overrides);
      const whole = override ? laidOver(layered, override, report) : layered;
      const network = config.run?.network ?? 'default';
      const target = settled(whole, { id, image, root, env, network, report: tell, ...(cell && { cell }) });
      const more = sourced?.of(target);
      expanded.push(more ? { ...target, sourced: more } : target);
    }
  }
  for (const override of overrides) {
    if (sourced?.taken.has(override.text) || expanded.some(({ id }) => overriding?.fits(override, id))) continue;
    report({
      code: 'config/set',
      message: `--set ${override.text}: no image matches ${JSON.stringify(override.pattern)}`,
    });
  }
  const targets = linked(uniqueById(expanded, report), (problem, { image }) =>
    sourced?.has(image) ? sourced.report(image, problem) : report(problem),
  );
  const groups = groupMembers(config.groups ?? {}, targets, report, sourced?.groups);
  const chosen = selected(select, { targets, groups, sourced: sourced?.groups }, report);
  const { purpose = 'build' } = options;
  for (const target of purpose === 'list' ? [] : withNeeds(chosen, targets)) {
    for (const problem of sourced?.problemsOf(target.image, purpose) ?? []) report(problem);
    if (purpose === 'build') checkFiles(target, root, report);
  }

  const diagnostics = problems.length > 0 ? await diagnosed(problems, loaded) : [];
  if (diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics };
  const known = [...(loaded.known ?? []), ...looked.known, ...(sourced?.looked ?? [])];
  const seen = loaded.seen && looked.seen && [...loaded.seen, ...looked.seen, ...(sourced?.looked ?? [])];
  const { sources, witness } = loaded;
  const file = loaded.file ?? sources?.files[0];
  const workspace = {
    root,
    ...(file && { file }),
    targets,
    selected: chosen,
    groups,
    vars,
    settings,
    seen,
    known,
  };
  return { workspace: { ...workspace, ...(sources && { sources }), ...(witness && { witness }) }, diagnostics };
}

/** The targets of the configuration's bake and compose files, whose code is loaded only where there are any. */
async function sourcedImages(
  { sources }: LoadedConfig,
  options: Omit<InheritOptions, 'reportOf'>,
): Promise<SourcedImages | undefined> {
  return sources && new (await import('./bake/sourced.ts')).SourcedImages(sources, options);
}

/** Relative to the root; a Dockerfile that a target names belongs to that target. */
function dockerfilesOf(layers: ReadonlyMap<string, Layer> | undefined, root: string): readonly string[] {
  return [...(layers?.values() ?? [])].flatMap(({ image: { context = '.', dockerfile } }) =>
    dockerfile === undefined ? [] : [relative(root, resolve(root, context, dockerfile))],
  );
}

/** An id is one image's: nobody is to guess which one was meant. */
function reportClashes(
  sourced: SourcedImages,
  {
    config,
    discovered,
    report,
  }: {
    readonly config: LoadedConfig['config'];
    readonly discovered: readonly Discovered[];
    readonly report: (problem: Problem) => void;
  },
): void {
  const clash = (id: string, message: string, path?: Problem['path']) => {
    const place = path ? undefined : sourced.placeOf(id);
    const hint = 'give one of them another name';
    report({ code: 'config/duplicate-id', message, hint, ...(path && { path }), ...(place && { place }) });
  };
  for (const id of Object.keys(config.images ?? {}))
    if (sourced.has(id)) clash(id, `${id} is an image here, and a target of a bake or compose file`, ['images', id]);
  for (const { id, dockerfile } of discovered)
    if (sourced.has(id)) clash(id, `${id} is a target here, and would be the id of ${dockerfile}`);
  for (const name of Object.keys(config.groups ?? {})) {
    // The configuration says what is built where nothing is said.
    if (name === 'default' || !sourced.groups.has(name)) continue;
    clash(name, `${name} is a group here, and one of a bake or compose file`, ['groups', name]);
  }
}

async function diagnosed(problems: readonly Problem[], loaded: LoadedConfig): Promise<readonly Diagnostic[]> {
  const { diagnose } = await import('./diagnose.ts');
  return diagnose(withoutRepeats(problems), sourceOf(loaded));
}

/** The chosen targets and, once each, all that they say they need. */
export function withNeeds(chosen: readonly ResolvedTarget[], targets: Targets): readonly ResolvedTarget[] {
  const result = new Map(chosen.map((target) => [target.id, target]));
  for (const target of result.values()) {
    for (const id of needsOf(target)) {
      const needed = targets.get(id);
      if (needed && !result.has(id)) result.set(id, needed);
    }
  }
  return [...result.values()];
}

/**
 * One mistake in a template or a matrix shows in every image that comes of it, and a text that could not be filled in is
 * wrong once more when it is read: each is told once.
 */
function withoutRepeats(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ path, place: written, code, message }) => {
    if (!path && !written) return true;
    const place = JSON.stringify(path ?? written);
    const key = code === 'config/wrong-value' ? place : `${place} ${code} ${message}`;
    if (seen.has(key)) return false;
    seen.add(key).add(place);
    return true;
  });
}
