import type { Flags, Given } from './flags.ts';
import { refuseFlags } from './refuse.ts';

/** Where all state is kept. */
export const cacheDirFlag = {
  'cache-dir': { kind: 'value', placeholder: 'FOLDER', help: 'Where all state is kept' },
} as const satisfies Flags;

/** Which changes `--affected` counts. */
const changeFlags = {
  base: {
    kind: 'value',
    placeholder: 'REF',
    help: 'What --affected compares with; the default branch where it forked',
  },
  head: { kind: 'value', placeholder: 'REF', help: 'Where changes end; the working tree when left out' },
  files: {
    kind: 'words',
    placeholder: 'FILE…',
    help: 'Only changes of these, whatever git says: --files a b, or --files=a,b',
    env: false,
  },
  stdin: { kind: 'switch', help: 'Only changes of files that are read from standard input, one a line', env: false },
  uncommitted: { kind: 'switch', help: 'Only changes that are not committed yet, of files that git knows' },
  untracked: { kind: 'switch', help: 'Only files that git does not know yet' },
} as const satisfies Flags;

/** Flags of all commands that look at a workspace. */
export const workspaceFlags = {
  config: {
    kind: 'list',
    placeholder: 'FILE',
    help: "The workspace's config, or bake and compose files; searched for when left out",
  },
  set: {
    kind: 'list',
    placeholder: 'IMAGE.KEY=VALUE',
    help: 'Override a key of images, as in api-*.args.VERSION=2',
    env: false,
  },
  var: { kind: 'list', placeholder: 'NAME=VALUE', help: "A variable of the config's, or of a bake file's", env: false },
  filter: {
    kind: 'list',
    short: 'F',
    placeholder: 'FILTER',
    help: 'Only images that this means: api..., ...base, ./services/*, [main], tag:x, !x',
  },
  affected: { kind: 'switch', help: 'Only images that changes since --base can affect' },
  ...changeFlags,
  ...cacheDirFlag,
} as const satisfies Flags;

type Narrowing = Given<Pick<typeof workspaceFlags, 'filter' | 'affected' | keyof typeof changeFlags>>;

/** Flags that leave nothing out. */
export const wholeWorkspace: Narrowing = {
  filter: [],
  affected: false,
  base: undefined,
  head: undefined,
  files: [],
  stdin: false,
  uncommitted: false,
  untracked: false,
};

/** Whether flags leave images out of what is selected. Those that say which changes count are refused without `--affected`. */
export function isNarrowed(invocation: { readonly flags: Narrowing; readonly env: NodeJS.ProcessEnv }): boolean {
  const { affected, filter } = invocation.flags;
  if (!affected) {
    refuseFlags(invocation, changeFlags, { why: 'says which changes --affected counts', hint: 'add --affected' });
  }
  return affected || filter.length > 0;
}

/** Refuses flags that name the changes in two ways. */
export function refuseMixedChanges(invocation: { readonly flags: Narrowing; readonly env: NodeJS.ProcessEnv }): void {
  const { files, stdin, uncommitted, untracked } = invocation.flags;
  const { base, head, uncommitted: known, untracked: unknown } = changeFlags;
  const hint = 'leave one of them out';
  if (files.length > 0 || stdin) {
    const named = stdin ? '--stdin' : '--files';
    const refused = { base, head, uncommitted: known, untracked: unknown };
    refuseFlags(invocation, refused, { why: `asks git for changes that ${named} names`, hint });
  } else if (uncommitted || untracked) {
    const chosen = uncommitted ? '--uncommitted' : '--untracked';
    refuseFlags(invocation, { base, head }, { why: `asks for commits, and ${chosen} for what is in none`, hint });
  }
}
