// From a configuration to the images that it means: variables, layers, matrices, `--set`, groups and selection.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import type { Image, MatrixCell } from './config.ts';
import { discover, soughtBy, type Discovered } from './discover.ts';
import { interpolated, type Names } from './interpolate.ts';
import { imageLayers, laidOver, merged, type Layered } from './layers.ts';
import { groupMembers, linked, needsOf, type Targets } from './links.ts';
import { sourceOf, type LoadedConfig } from './load.ts';
import { combinationsOf, nameOfCell } from './matrix.ts';
import { fits, overrideLayer, readOverrides } from './override.ts';
import { diagnose, type Problem } from './problem.ts';
import { idComplaint } from './schema.ts';
import { selected } from './select.ts';
import { problemAt, settled } from './settle.ts';
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
  const discovered = await discoveredIn(loaded, options, report);
  const overrides = readOverrides(set, report);
  const expanded: ResolvedTarget[] = [];
  for (const [image, layers] of imageLayers(config, discovered, report)) {
    for (const { id, cell, layered } of cellsOf(image, merged(layers, report), vars, report)) {
      const override = overrideLayer(id, layered.image, overrides);
      const whole = override ? laidOver(layered, override, report) : layered;
      const network = config.run?.network ?? 'default';
      expanded.push(settled(whole, { id, image, root, env, network, report, ...(cell && { cell }) }));
    }
  }
  for (const override of overrides) {
    if (expanded.some(({ id }) => fits(override, id))) continue;
    report({
      code: 'config/set',
      message: `--set ${override.text}: no image matches ${JSON.stringify(override.pattern)}`,
    });
  }
  const targets = linked(uniqueById(expanded, report), report);
  const groups = groupMembers(config.groups ?? {}, targets, report);
  const chosen = selected(select, { targets, groups }, report);
  for (const target of withNeeds(chosen, targets)) checkFiles(target, root, report);

  const diagnostics = problems.length > 0 ? diagnose(problems, sourceOf(loaded)) : [];
  if (diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics };
  return { workspace: { root, targets, selected: chosen, groups, vars, settings }, diagnostics };
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

async function discoveredIn(
  { config, root, file }: LoadedConfig,
  { state }: ResolveOptions,
  report: (problem: Problem) => void,
): Promise<readonly Discovered[]> {
  const { images, discover: written = images === undefined } = config;
  if (written === false) {
    if (images === undefined)
      report({ code: 'config/nothing-found', message: 'there are no images, and discover is false' });
    return [];
  }
  const wanted = written === true ? {} : written;
  const named = new Set(Object.values(images ?? {}).flatMap(dockerfileOf));
  const all = await discover(root, wanted, state === undefined ? {} : { state });
  // A Dockerfile that an image names belongs to that image.
  const found = all.filter(({ dockerfile }) => !named.has(dockerfile));
  if (all.length === 0 && images === undefined) {
    report({
      code: 'config/nothing-found',
      ...(config.discover !== undefined && { path: ['discover'] }),
      message: `no Dockerfile found below ${root}: looked for ${soughtBy(wanted).join(', ')}, except in node_modules, .git, folders that begin with a dot and what .gitignore names`,
      hint:
        file === undefined
          ? 'write a Dockerfile, or a buildkit.config.ts with images'
          : 'write images, or say what discover should include',
    });
  }
  for (const [id, same] of Map.groupBy(found, (one) => one.id)) {
    if (same.length < 2) continue;
    report({
      code: 'config/duplicate-id',
      ...(config.discover !== undefined && { path: ['discover'] }),
      message: `${JSON.stringify(id)} would be the id of ${same.map(({ dockerfile }) => dockerfile).join(' and ')}`,
      hint: `set discover.name to '{parent}-{dir}' or '{path}', or name them in images with their dockerfile`,
    });
  }
  return found;
}

/** The Dockerfile that an image's own keys name, relative to the root. */
function dockerfileOf({ context = '.', dockerfile, dockerfileInline, define }: Image): readonly string[] {
  if (dockerfileInline !== undefined || define || (dockerfile === undefined && context === '.')) return [];
  return [join(context, dockerfile ?? 'Dockerfile')];
}

interface Cell {
  readonly id: string;
  readonly cell?: MatrixCell;
  readonly layered: Layered;
}

/** An image with its texts filled in, for each combination of its matrix. */
function cellsOf(
  image: string,
  whole: Layered,
  vars: VariableValues,
  report: (problem: Problem) => void,
): readonly Cell[] {
  const { matrix, name } = whole.image;
  const filled = (id: string, names: Names): Layered => ({
    image: interpolated(whole.image, names, ({ path = [], ...problem }) => {
      report({ ...problemAt(path, { origins: whole.origins, id, message: problem.message }), ...problem });
    }),
    origins: whole.origins,
  });
  if (!matrix) {
    if (name !== undefined) {
      const message = `${image}: name is for the images of a matrix; this one's id is its key in images`;
      report({ code: 'config/name', path: ['images', image, 'name'], message });
    }
    return [{ id: image, layered: filled(image, vars) }];
  }
  const path = ['images', image, 'matrix'];
  const atMatrix = (problem: Problem) => report({ ...problem, path: [...path, ...(problem.path ?? [])] });
  const cells = combinationsOf(interpolated(matrix, vars, atMatrix));
  if (cells.length === 0) {
    report({ code: 'config/empty-matrix', path, message: `the matrix of ${image} has no combination` });
  }
  return cells.flatMap((cell): Cell[] => {
    const names = { ...vars, ...cell };
    const atName = (problem: Problem) => report({ ...problem, path: ['images', image, 'name'] });
    const id = name === undefined ? nameOfCell(image, cell) : interpolated(name, names, atName);
    if (id === undefined) {
      const example = `${image}-\${${Object.keys(cell)[0]}.name}`;
      report({
        code: 'config/name',
        path,
        message: `${image}: a matrix of objects needs a name, such as '${example}'`,
      });
      return [];
    }
    const complaint = idComplaint(id);
    if (complaint) {
      report({
        code: 'config/name',
        path: ['images', image, name === undefined ? 'matrix' : 'name'],
        message: complaint,
      });
    }
    return [{ id, cell, layered: filled(id, names) }];
  });
}

function uniqueById(expanded: readonly ResolvedTarget[], report: (problem: Problem) => void): Targets {
  const targets = new Map<string, ResolvedTarget>();
  for (const target of expanded) {
    const other = targets.get(target.id);
    if (!other) {
      targets.set(target.id, target);
      continue;
    }
    const message =
      other.image === target.image
        ? `two combinations of the matrix of ${target.image} have the name ${target.id}`
        : `${target.id} is the name of an image, and of one in the matrix of ${target.cell ? target.image : other.image}`;
    const key = target.cell ? target.image : other.image;
    report({
      code: 'config/duplicate-id',
      path: ['images', key, 'matrix'],
      message,
      hint: 'write a name that has all keys of the matrix in it',
    });
  }
  return targets;
}

/** Says early, and with its place, that a Dockerfile or a folder isn't there. */
function checkFiles(
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
    if ((named.kind === 'folder' || named.kind === 'oci-layout') && !isFolder(named.path)) {
      report({
        ...problemAt(['contexts', name], { origins, id, message: `there is no folder ${named.path}` }),
        code: 'config/no-folder',
      });
    }
  }
}
