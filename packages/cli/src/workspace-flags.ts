import type { Flags } from './flags.ts';

/** Where all state is kept. */
export const cacheDirFlag = {
  'cache-dir': { kind: 'value', placeholder: 'FOLDER', help: 'Where all state is kept' },
} as const satisfies Flags;

/** Flags of all commands that look at a workspace. */
export const workspaceFlags = {
  config: { kind: 'value', placeholder: 'FILE', help: "The workspace's config; found by itself when left out" },
  set: {
    kind: 'list',
    placeholder: 'IMAGE.KEY=VALUE',
    help: 'Override a key of images, as in api-*.args.VERSION=2',
    env: false,
  },
  var: { kind: 'list', placeholder: 'NAME=VALUE', help: "A variable of the config's", env: false },
  ...cacheDirFlag,
} as const satisfies Flags;
