import type { Renderer, RunStart, Screen } from './renderer.ts';

/** The renderer for a mode; `auto` is the live one on a terminal and plain lines elsewhere. */
export async function openRenderer(mode: string, start: RunStart, screen: Screen): Promise<Renderer> {
  const { stderr, env } = screen;
  const live = stderr.isTTY && env['CI'] === undefined && env['TERM'] !== 'dumb';
  switch (mode === 'auto' ? (live ? 'tty' : 'plain') : mode) {
    case 'tty':
      return (await import('./tty.ts')).openTty(start, screen);
    case 'json':
      return (await import('./json.ts')).openJson(start, screen);
    case 'quiet':
      return (await import('./quiet.ts')).openQuiet(start, screen);
    default:
      return (await import('./plain.ts')).openPlain(start, screen);
  }
}
