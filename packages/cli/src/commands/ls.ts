import type { Workspace } from '@monokit/config';
import { command } from '../command.ts';
import { isNarrowed, workspaceFlags } from '../flags/workspace.ts';
import { openEngineFor } from '../tasks/open-engine.ts';
import { bytes, count, duration, shortDigest } from '../ui/format.ts';
import { table } from '../ui/table.ts';

export const ls = command({
  summary: 'List the images of the workspace and those in the store',
  usage: '[all | IMAGE | GROUP | GLOB]… [--json]',
  description: `
Lists the images that the workspace describes, and those that builds have left in the
engine's own store: there a \`FROM\` and a later --output find them by name. Without a
workspace it lists the store alone.`,
  flags: {
    ...workspaceFlags,
    json: { kind: 'switch', help: 'Print both lists as JSON' },
  },
  examples: [
    ['cli ls', 'all images'],
    ["cli ls 'api-*'", 'the images of the workspace whose ids begin so'],
    ['cli ls --json', 'the same for programs'],
  ],
  async run(invocation) {
    const { flags, env, stdout, positionals } = invocation;
    const { engineSettingsOf, openWorkspace, workspaceIfAny } = await import('../tasks/workspace.ts');
    const select = positionals.length > 0 ? positionals : ['all'];
    const isChosen = positionals.length > 0 || isNarrowed(invocation);
    const workspace = await (isChosen ? openWorkspace : workspaceIfAny)(invocation, select);
    await using engine = await openEngineFor(flags, env, workspace ? engineSettingsOf(workspace, env) : {});
    const listed = workspace ? imagesOf(workspace) : [];
    const stored = await Promise.all(
      [...engine.images()].map(async (image) => ({
        name: image.name,
        digest: image.descriptor.digest,
        size: await engine.imageSize(image),
        createdAt: image.createdAt,
      })),
    );
    if (flags.json) {
      stdout.write(`${JSON.stringify({ images: listed, store: stored }, null, 2)}\n`);
      return 0;
    }
    if (workspace) {
      const rows = listed.map(({ id, platforms, tags, groups, description }) => [
        id,
        platforms.join(',') || '-',
        tags.join(' ') || '-',
        groups.join(' ') || '-',
        description ?? '',
      ]);
      stdout.write(table(['IMAGE', 'PLATFORMS', 'TAGS', 'GROUPS', 'DESCRIPTION'], rows, stdout));
    } else stdout.write('No workspace here. `cli init` writes a config for Dockerfiles.\n');
    if (isChosen) return 0;
    const now = Date.now();
    const rows = stored.map(({ name, digest, size, createdAt }) => [
      name.replace(/^docker\.io\/(?:library\/)?/, ''),
      shortDigest(digest),
      bytes(size),
      `${age(now - createdAt)} ago`,
    ]);
    stdout.write(`\n${count(rows.length, 'image')} in the store\n`);
    if (rows.length > 0) stdout.write(table(['NAME', 'DIGEST', 'SIZE', 'BUILT'], rows, stdout));
    return 0;
  },
});

function imagesOf({ selected, groups }: Workspace) {
  return selected.map(({ id, description, platforms, tags }) => ({
    id,
    ...(description !== undefined && { description }),
    platforms,
    tags,
    groups: [...groups].flatMap(([group, ids]) => (ids.includes(id) ? [group] : [])),
  }));
}

/** Days, where hours would be many. */
function age(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  return days >= 2 ? `${days} days` : duration(Math.max(1000, ms));
}
