import type { AskedChanges } from '../affected/changes.ts';
import { command } from '../command.ts';
import { imageFlags } from '../flags/build.ts';
import { wholeWorkspace, workspaceFlags } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import { count } from '../ui/format.ts';
import { table } from '../ui/table.ts';

export const affected = command({
  summary: 'List the images that changes since a commit can affect, and why',
  usage:
    '[all | IMAGE | GROUP | GLOB]… [--base REF] [--head REF] [--files FILE… | --stdin] [--uncommitted] [--untracked] [--json | --matrix]',
  description: `
Tells which images differ from what they were, by what their steps read: a file that
no COPY selects affects nothing, nor does a comment in a Dockerfile; a changed base
affects all that is built from it. Compared with where this branch forked from the
default branch, unless --base says otherwise, up to the working tree with all that is
not committed yet. --uncommitted and --untracked count only changes of the working tree,
--files and --stdin only those that they name, which needs no git: a Dockerfile, ignore
file or config among them counts whole. Nothing is built: \`cli build all --affected\`
builds them.`,
  flags: {
    ...imageFlags,
    ...workspaceFlags,
    json: { kind: 'switch', help: 'Print ids and reasons as JSON', env: false },
    matrix: { kind: 'switch', help: 'Print a matrix for a CI: {"include":[{"image":ID},…]}', env: false },
  },
  examples: [
    ['cli affected', 'since this branch forked'],
    ['cli affected --base HEAD~1', 'by the last commit and what is not committed'],
    ['cli affected --uncommitted --untracked', 'by what is not committed'],
    ['cli affected --stdin', 'by names from a pipe, as of git diff --name-only --relative v1'],
    ['cli affected --matrix', 'jobs for a CI'],
  ],
  async run(invocation) {
    const { flags, positionals, stdout, stderr } = invocation;
    if (flags.matrix && flags.json) {
      throw new Mistake('--matrix and --json are two forms of one answer', 'leave one out');
    }
    const [{ openWorkspace }, { Comparison }, { narrowed, changesAskedBy }] = await Promise.all([
      import('../tasks/workspace.ts'),
      import('../affected/affected.ts'),
      import('../affected/select.ts'),
    ]);
    const plain = { ...invocation, flags: { ...flags, ...wholeWorkspace } };
    const workspace = await openWorkspace(plain, positionals.length > 0 ? positionals : ['all']);
    await using comparison = new Comparison(plain, workspace);
    const asked = await changesAskedBy(invocation, comparison);
    const chosen = new Set(workspace.selected.map(({ id }) => id));
    const filtering = { ...plain, flags: { ...plain.flags, filter: flags.filter } };
    const meant = flags.filter.length > 0 ? await narrowed(filtering, workspace) : chosen;
    const found = (await comparison.affected(asked)).filter(({ id }) => chosen.has(id) && meant.has(id));
    if (flags.matrix) stdout.write(`${JSON.stringify({ include: found.map(({ id }) => ({ image: id })) })}\n`);
    else if (flags.json) stdout.write(`${JSON.stringify({ ...beginning(asked), affected: found }, null, 2)}\n`);
    else if (found.length > 0) {
      const rows = found.map(({ id, cause, step, place }) => [id, cause, step ?? '', place ?? '']);
      stdout.write(table(['IMAGE', 'CAUSE', 'STEP', 'AT'], rows, stdout));
    } else stderr.write(`${nothing(asked)}\n`);
    return 0;
  },
});

/** The commit that changes since are asked about, where it is one. */
function beginning(asked: AskedChanges): { readonly base?: string } {
  return asked.kind === 'range' ? { base: asked.range.base } : {};
}

function nothing(asked: AskedChanges): string {
  if (asked.kind === 'range') return `nothing is affected since ${asked.range.base.slice(0, 12)}`;
  return asked.kind === 'files'
    ? `nothing is affected by ${count(asked.files.length, 'file')}`
    : 'nothing is affected by what is not committed';
}
