import { imageFlags } from '../flags/build.ts';
import { command } from '../command.ts';
import { Mistake } from '../mistake.ts';
import { table } from '../ui/table.ts';
import { isNarrowed, workspaceFlags } from '../flags/workspace.ts';

export const affected = command({
  summary: 'List the images that changes since a commit can affect, and why',
  usage: '[all | IMAGE | GROUP | GLOB]… [--base REF] [--head REF] [--json | --matrix]',
  description: `
Tells which images differ from what they were, by what their steps read: a file that
no COPY selects affects nothing, nor does a comment in a Dockerfile; a changed base
affects all that is built from it. Compared with where this branch forked from the
default branch, unless --base says otherwise, up to the working tree with all that is
not committed yet. Nothing is built: \`cli build all --affected\` builds them.`,
  flags: {
    ...imageFlags,
    ...workspaceFlags,
    json: { kind: 'switch', help: 'Print ids and reasons as JSON', env: false },
    matrix: { kind: 'switch', help: 'Print a matrix for a CI: {"include":[{"image":ID},…]}', env: false },
  },
  examples: [
    ['cli affected', 'since this branch forked'],
    ['cli affected --base HEAD~1', 'by the last commit and what is not committed'],
    ['cli affected --matrix', 'jobs for a CI'],
  ],
  async run(invocation) {
    const { flags, positionals, stdout, stderr } = invocation;
    if (flags.matrix && flags.json) {
      throw new Mistake('--matrix and --json are two forms of one answer', 'leave one out');
    }
    const [{ openWorkspace }, { Comparison }, { narrowed, rangeOf }] = await Promise.all([
      import('../tasks/workspace.ts'),
      import('../affected/affected.ts'),
      import('../affected/select.ts'),
    ]);
    const plain = { ...invocation, flags: { ...flags, filter: [], affected: false } };
    const workspace = await openWorkspace(plain, positionals.length > 0 ? positionals : ['all']);
    await using comparison = new Comparison(plain, workspace);
    const range = rangeOf(invocation, comparison.top);
    const chosen = new Set(workspace.selected.map(({ id }) => id));
    const meant = isNarrowed(flags) ? await narrowed(invocation, workspace) : chosen;
    const found = (await comparison.affected(range)).filter(({ id }) => chosen.has(id) && meant.has(id));
    if (flags.matrix) stdout.write(`${JSON.stringify({ include: found.map(({ id }) => ({ image: id })) })}\n`);
    else if (flags.json) stdout.write(`${JSON.stringify({ base: range.base, affected: found }, null, 2)}\n`);
    else if (found.length > 0) {
      const rows = found.map(({ id, cause, step, place }) => [id, cause, step ?? '', place ?? '']);
      stdout.write(table(['IMAGE', 'CAUSE', 'STEP', 'AT'], rows, stdout));
    } else stderr.write(`nothing is affected since ${range.base.slice(0, 12)}\n`);
    return 0;
  },
});
