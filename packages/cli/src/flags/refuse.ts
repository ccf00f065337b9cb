import { Mistake } from '../mistake.ts';
import { variableOf, type Flags } from './flags.ts';

/**
 * Refuses flags that were given though they mean nothing to what was asked: no flag is ignored. What only the environment
 * says is meant for other commands, too, and is left alone.
 */
export function refuseFlags(
  { flags, env }: { readonly flags: Readonly<Record<string, unknown>>; readonly env: NodeJS.ProcessEnv },
  refused: Flags,
  { why, hint }: { readonly why: string; readonly hint: string },
): void {
  for (const [name, flag] of Object.entries(refused)) {
    const variable = variableOf(name, flag);
    if (variable !== false && env[variable]) continue;
    const value = flags[name];
    const isGiven = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
    if (isGiven) throw new Mistake(`--${name} ${why}`, hint);
  }
}
