// Resolved targets as bake has them.

import type { ResolvedTarget, Workspace } from '@monokit/config';
import { goJson } from '@monokit/engine/std/go-json';
import type { ShowInvocation } from '../tasks/defined-images.ts';
import { overridden } from '../tasks/overrides.ts';
import { openWorkspace } from '../tasks/workspace.ts';
import { bakeName, bakeTarget } from './bake-target.ts';

/** Prints the chosen images and those that they name, as `docker buildx bake --print` does. */
export async function printTargets(invocation: ShowInvocation): Promise<void> {
  const { cwd, env, flags, positionals, stdout, stderr } = invocation;
  const workspace = await openWorkspace(invocation, positionals, { purpose: 'print' });
  const chosen = await overridden(workspace.selected, flags, { cwd, env });
  const { withNeeds } = await import('@monokit/config');
  const all = withNeeds(chosen, workspace.targets);
  const typed = all.filter(({ recipe }) => recipe.kind === 'define');
  for (const { id } of typed) {
    stderr.write(`${id} is left out, for it is written in TypeScript: cli print --llb ${id}\n`);
  }
  const targets = all.filter((target) => !typed.includes(target));
  const printed = targets.map((target): [string, unknown] => {
    // What is only built from has no output of its own.
    const linked: ResolvedTarget = { ...target, outputs: [{ type: 'cacheonly', attrs: {} }] };
    return [bakeName(target.id), bakeTarget(chosen.includes(target) ? target : linked, cwd)];
  });
  const wanted = chosen.filter((target) => !typed.includes(target)).map(({ id }) => bakeName(id));
  const definition = { group: groupsOf(workspace, positionals, wanted), target: byName(printed) };
  stdout.write(`${goJson(definition, { indent: true })}\n`);
}

interface Group {
  readonly description?: string;
  readonly targets: readonly string[];
}

/** The groups that were asked for with those in them, and `default`: what is built. */
function groupsOf(
  { groups, sources }: Workspace,
  positionals: readonly string[],
  chosen: readonly string[],
): Readonly<Record<string, Group>> {
  const selectors = positionals.length > 0 ? positionals : ['default'];
  const found = new Map<string, Group>();
  const add = (name: string): void => {
    if (found.has(name) || !groups.has(name)) return;
    const written = sources?.groups.find((group) => group.name === name);
    const targets = written?.targets ?? groups.get(name)!.map(bakeName);
    found.set(name, { ...(written?.description && { description: written.description }), targets });
    for (const member of targets) add(member);
  };
  for (const selector of selectors) add(selector);
  const isKnown = (selector: string) => groups.has(selector) || chosen.includes(selector);
  const asked = selectors.every(isKnown) ? selectors.filter((name) => name !== 'default' || !found.has(name)) : chosen;
  const { targets = [], ...rest } = found.get('default') ?? {};
  found.set('default', { ...rest, targets: [...new Set([...targets, ...asked])].sort() });
  return byName([...found]);
}

function byName<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
