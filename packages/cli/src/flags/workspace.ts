import type { Flags } from './flags.ts';

/** Where all state is kept. */
export const cacheDirFlag = {
  'cache-dir': { kind: 'value', placeholder: 'FOLDER', help: 'Where all state is kept' },
} as const satisfies Flags;

/** Flags of all commands that look at a workspace. */
export const workspaceFlags = {
  config: {
    kind: 'list',
    placeholder: 'FILE',
    help: "The workspace's config, or bake and compose files; found by itself when left out",
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
  base: {
    kind: 'value',
    placeholder: 'REF',
    help: 'What --affected compares with; the default branch where it forked',
  },
  head: { kind: 'value', placeholder: 'REF', help: 'Where changes end; the working tree when left out' },
  ...cacheDirFlag,
} as const satisfies Flags;

/** Whether flags leave images out of what is selected. */
export function isNarrowed({ filter, affected }: { readonly filter: readonly string[]; readonly affected: boolean }) {
  return affected || filter.length > 0;
}
