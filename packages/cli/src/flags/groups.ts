import { bakeFlags, imageFlags, workFlags } from './build.ts';
import { callFlags } from './call.ts';
import type { Flag, Flags } from './flags.ts';
import { workspaceFlags } from './workspace.ts';

export interface FlagGroup {
  readonly title: string;
  readonly flags: readonly (readonly [name: string, flag: Flag])[];
}

/** What several commands have in common; a flag is in the first that has it. */
const common: readonly (readonly [title: string, flags: Flags])[] = [
  ['Instead of building', { ...callFlags, ...bakeFlags }],
  ['About an image', imageFlags],
  ['About the workspace', workspaceFlags],
  ['About the run', workFlags],
];

/** A command's flags as its help tells them: those that only it has before those that it shares with others. */
export function flagGroups(command: string, flags: Flags): readonly FlagGroup[] {
  const titleOf = ([name, flag]: readonly [string, Flag]) => common.find(([, all]) => all[name] === flag)?.[0];
  const groups = Map.groupBy(Object.entries(flags), titleOf);
  const own = groups.get(undefined) ?? [];
  const shared = common.flatMap(([title]) => (groups.has(title) ? [{ title, flags: groups.get(title)! }] : []));
  if (shared.length === 0) return own.length > 0 ? [{ title: 'Flags', flags: own }] : [];
  return own.length > 0 ? [{ title: `Flags of cli ${command}`, flags: own }, ...shared] : shared;
}
