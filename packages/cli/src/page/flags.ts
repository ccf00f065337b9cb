import type { Flags } from '../flags/flags.ts';
import { Mistake } from '../mistake.ts';

/** Flags of commands that show a page. */
export const pageFlags = {
  port: {
    kind: 'value',
    placeholder: 'PORT',
    help: 'Where the page is served on 127.0.0.1; any free port by default',
    env: false,
  },
  'no-open': { kind: 'switch', help: 'Print the address of the page, and start no browser', env: false },
} as const satisfies Flags;

/** The port that `--port` names; undefined for any. */
export function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536) return Number(text);
  throw new Mistake(`--port needs a number from 1 to 65535, got ${JSON.stringify(text)}`);
}
