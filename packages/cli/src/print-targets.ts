// Resolved targets as bake has them.
import { isAbsolute, relative } from 'node:path';
import type { ResolvedTarget } from '@monokit/config';
import type { ShowInvocation } from './defined-images.ts';
import { overridden } from './overrides.ts';
import { openWorkspace } from './workspace.ts';

/** Prints the chosen images and those that they name, as JSON for `docker buildx bake -f`. */
export async function printTargets(invocation: ShowInvocation): Promise<void> {
  const { cwd, env, flags, positionals, stdout, stderr } = invocation;
  const workspace = await openWorkspace(invocation, positionals);
  const chosen = await overridden(workspace.selected, flags, { cwd, env });
  const { withNeeds } = await import('@monokit/config');
  const all = withNeeds(chosen, workspace.targets);
  const typed = all.filter(({ recipe }) => recipe.kind === 'define');
  for (const { id } of typed) {
    stderr.write(`${id} is left out, for it is written in TypeScript: cli print --llb ${id}\n`);
  }
  const targets = all.filter((target) => !typed.includes(target));
  const printed = {
    group: { default: { targets: chosen.filter((target) => !typed.includes(target)).map(({ id }) => bakeName(id)) } },
    target: Object.fromEntries(targets.map((target) => [bakeName(target.id), bakeTarget(target, cwd)])),
  };
  stdout.write(`${JSON.stringify(printed, null, 2)}\n`);
}

/** Names of targets in bake have no dots or hashes. */
export function bakeName(id: string): string {
  return id.replace(/[^\w-]/g, '_');
}

/** A target by bake's keys, without those that say nothing. Paths as people would type them in `cwd`. */
export function bakeTarget(target: ResolvedTarget, cwd: string): Readonly<Record<string, unknown>> {
  const path = (absolute: string) => {
    const short = relative(cwd, absolute) || '.';
    return short.startsWith('../../') ? absolute : short;
  };
  const { recipe, context } = target;
  const attributes = (type: string, attrs: Readonly<Record<string, string>>) =>
    [['type', type], ...Object.entries(attrs)].map(([name, value]) => csvField(`${name}=${value}`)).join(',');
  const keys: Record<string, unknown> = {
    description: target.description,
    context: context.kind === 'folder' ? path(context.path) : context.url,
    dockerfile:
      recipe.kind === 'dockerfile'
        ? dockerfileName(recipe, context)
        : recipe.kind === 'remote-dockerfile'
          ? recipe.path
          : undefined,
    'dockerfile-inline': recipe.kind === 'inline-dockerfile' ? recipe.text : undefined,
    target: target.target,
    args: target.args,
    contexts: Object.fromEntries(
      Object.entries(target.contexts).map(([name, named]) => {
        switch (named.kind) {
          case 'folder':
            return [name, path(named.path)];
          case 'remote':
            return [name, named.url];
          case 'target':
            return [name, `target:${bakeName(named.id)}`];
          case 'image':
            return [name, `docker-image://${named.reference}`];
          case 'oci-layout': {
            const tag = named.tag === undefined ? '' : `:${named.tag}`;
            return [name, `oci-layout://${named.path}${tag}${named.digest === undefined ? '' : `@${named.digest}`}`];
          }
        }
      }),
    ),
    platforms: target.platforms,
    tags: target.tags,
    labels: target.labels,
    annotations: Object.entries(target.annotations).map(([attr, value]) => {
      const [, places = '', key = ''] = /^annotation(?:-([^.]*))?\.(.*)$/.exec(attr) ?? [];
      return `${places ? `${places}:` : ''}${key}=${value}`;
    }),
    output: target.outputs.map(({ type, dest, attrs }) =>
      attributes(type, { ...(dest !== undefined && { dest: isAbsolute(dest) ? path(dest) : dest }), ...attrs }),
    ),
    attest: target.attests.map(({ type, disabled, attrs }) =>
      attributes(type, { ...attrs, ...(disabled && { disabled: 'true' }) }),
    ),
    'cache-from': target.cacheFrom.map(({ type, attrs }) => attributes(type, attrs)),
    'cache-to': target.cacheTo.map(({ type, attrs }) => attributes(type, attrs)),
    'no-cache': target.noCache || undefined,
    'no-cache-filter': target.noCacheFilter,
    pull: target.pull || undefined,
    network: target.network === 'default' ? undefined : target.network,
    secret: target.secrets.map(({ id, source }) =>
      source.kind === 'env' ? `id=${id},env=${source.name}` : csvField(`id=${id},src=${path(source.path)}`),
    ),
    ssh: target.ssh.map(({ id, paths }) => (paths.length > 0 ? `${id}=${paths.map(path).join(',')}` : id)),
    'extra-hosts': target.extraHosts,
    'shm-size': target.shmSize === undefined ? undefined : String(target.shmSize),
    ulimits: Object.entries(target.ulimits).map(([name, { soft, hard }]) => `${name}=${soft}:${hard}`),
    entitlements: target.entitlements,
  };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => !isEmpty(value)));
}

/** Relative to the context, as bake has it. */
function dockerfileName(
  { folder, name }: { readonly folder: string; readonly name: string },
  context: ResolvedTarget['context'],
): string {
  if (context.kind !== 'folder') return `${folder}/${name}`;
  return relative(context.path, `${folder}/${name}`);
}

function csvField(text: string): string {
  return text.includes('"') ? `"${text.replaceAll('"', '""')}"` : text;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
