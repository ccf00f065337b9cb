// From a configuration to the images that it means: variables, layers, matrices, `--set`, groups and selection.
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { checkFiles } from './check-files.ts';
import { cellsOf, uniqueById } from './expand.ts';
import { discoveredIn } from './found.ts';
import { imageLayers, laidOver, merged } from './layers.ts';
import { groupMembers, linked, needsOf, type Targets } from './links.ts';
import { sourceOf, type LoadedConfig } from './load.ts';
import type { Problem } from './problem.ts';
import { selected } from './select.ts';
import { settled } from './settle.ts';
import { settingsOf, type Settings } from './settings.ts';
import type { ResolvedTarget } from './target.ts';
import { valuesOf, type VariableValues } from './vars.ts';

export interface ResolveOptions {
  /** What to build: `all`, ids, groups, globs, `id#stage`. None is the group `default`, or all. */
  readonly select?: readonly string[];
  /** Texts given with `--set`. */
  readonly set?: readonly string[];
  /** Texts given with `--var`. */
  readonly vars?: Readonly<Record<string, string>>;
  /** The process's own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** A folder to remember discoveries in. */
  readonly state?: string;
}

/** A workspace as it will be built. */
export interface Workspace {
  /** Absolute. */
  readonly root: string;
  /** Every target by id, in order. */
  readonly targets: Targets;
  /** Those to build, in the order they were asked for; a stage asked for by itself has the id `id#stage`. */
  readonly selected: readonly ResolvedTarget[];
  /** Groups with their members' ids. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly vars: VariableValues;
  readonly settings: Settings;
  /**
   * Files and folders (there or not) that decide all this together with the environment: while none of them is touched,
   * it is the same. Undefined if files don't tell.
   */
  readonly seen: readonly string[] | undefined;
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

  const { values: vars, problems: wrong } = valuesOf(config.vars ?? {}, { given, env });
  problems.push(...wrong);
  const settings = settingsOf(config, root, report);
  const { found: discovered, seen } = await discoveredIn(loaded, options, report);
  const overriding = set.length > 0 ? await import('./override.ts') : undefined;
  const overrides = overriding?.readOverrides(set, report) ?? [];
  const expanded: ResolvedTarget[] = [];
  for (const [image, layers] of imageLayers(config, discovered, report)) {
    for (const { id, cell, layered } of cellsOf(image, merged(layers, report), vars, report)) {
      const override = overriding?.overrideLayer(id, layered.image, overrides);
      const whole = override ? laidOver(layered, override, report) : layered;
      const network = config.run?.network ?? 'default';
      expanded.push(settled(whole, { id, image, root, env, network, report, ...(cell && { cell }) }));
    }
  }
  for (const override of overrides) {
    if (expanded.some(({ id }) => overriding?.fits(override, id))) continue;
    report({
      code: 'config/set',
      message: `--set ${override.text}: no image matches ${JSON.stringify(override.pattern)}`,
    });
  }
  const targets = linked(uniqueById(expanded, report), report);
  const groups = groupMembers(config.groups ?? {}, targets, report);
  const chosen = selected(select, { targets, groups }, report);
  for (const target of withNeeds(chosen, targets)) checkFiles(target, root, report);

  const diagnostics = problems.length > 0 ? await diagnosed(problems, loaded) : [];
  if (diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics };
  const decided = loaded.seen && seen && [...loaded.seen, ...seen];
  return { workspace: { root, targets, selected: chosen, groups, vars, settings, seen: decided }, diagnostics };
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
  return problems.filter(({ path, code, message }) => {
    if (!path) return true;
    const place = JSON.stringify(path);
    const key = code === 'config/wrong-value' ? place : `${place} ${code} ${message}`;
    if (seen.has(key)) return false;
    seen.add(key).add(place);
    return true;
  });
}
