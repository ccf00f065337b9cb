import { matching, type Targets } from './links.ts';
import { suggestion, type Problem } from './problem.ts';
import type { ResolvedTarget } from './target.ts';

/**
 * The targets that selectors stand for, each once: `all`, ids, names of images with a matrix, groups, globs, and any of
 * these with `#stage`. Nothing selected is the group `default`, or else all.
 */
export function selected(
  selectors: readonly string[],
  {
    targets,
    groups,
    sourced,
  }: {
    readonly targets: Targets;
    readonly groups: ReadonlyMap<string, readonly string[]>;
    /** Groups of bake and compose files may name what isn't there. */
    readonly sourced?: ReadonlyMap<string, { readonly missing: readonly string[] }> | undefined;
  },
  report: (problem: Problem) => void,
): readonly ResolvedTarget[] {
  const result = new Map<string, ResolvedTarget>();
  const isDefault = groups.has('default') || targets.get('default')?.sourced;
  const wanted = selectors.length > 0 ? selectors : [isDefault ? 'default' : 'all'];
  for (const selector of wanted) {
    const hash = selector.indexOf('#');
    const name = hash < 0 ? selector : selector.slice(0, hash);
    const stage = hash < 0 ? undefined : selector.slice(hash + 1);
    const ids = groups.get(name) ?? matching(name, targets);
    const { missing = [] } = (groups.get(name) && sourced?.get(name)) ?? {};
    for (const each of missing) {
      const message = `the group ${name} names ${JSON.stringify(each)}, which is neither a target nor a group`;
      report({ code: 'config/unknown-image', message, ...suggestion(each, targets.keys()) });
    }
    if (ids.length === 0 && missing.length === 0 && !groups.has(name) && !(name === 'all' && targets.size === 0)) {
      const known = [
        ...new Set(['all', ...targets.keys(), ...groups.keys(), ...[...targets.values()].map(({ image }) => image)]),
      ];
      const hint =
        (name.includes('/') ? `a folder is written ./${name}` : undefined) ??
        suggestion(name, known).hint ??
        (known.length <= 13 ? `there is ${known.slice(1).join(', ')}` : undefined);
      const what = /[*?]/.test(name)
        ? `no image matches ${JSON.stringify(name)}`
        : `there is no image or group ${JSON.stringify(name)}`;
      report({ code: 'config/unknown-image', message: what, ...(hint !== undefined && { hint }) });
    }
    if (stage === '') report({ code: 'config/unknown-stage', message: `${selector}: there is no stage after #` });
    for (const id of ids) {
      const target = targets.get(id)!;
      const one = stage ? stageOf(target, stage) : target;
      result.set(one.id, one);
    }
  }
  return [...result.values()];
}

/** One stage of a target by itself. It is not the image, so it takes neither the image's tags nor its outputs. */
function stageOf(target: ResolvedTarget, stage: string): ResolvedTarget {
  return { ...target, id: `${target.id}#${stage}`, target: stage, tags: [], names: [], outputs: [], cacheTo: [] };
}
