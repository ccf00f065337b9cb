import type { Renderer, RunStart, Screen } from './renderer.ts';
import type { ReportFiles } from './report-files.ts';

/** The renderer for a mode; `auto` is the live one on a terminal, a CI's own in those we know, and plain lines elsewhere. */
export async function openRenderer(
  mode: string,
  start: RunStart,
  screen: Screen,
  reports?: ReportFiles,
): Promise<Renderer> {
  const renderer = await rendererOf(mode, start, screen);
  return reports ? (await import('./reports.ts')).reporting(renderer, reports, start, screen) : renderer;
}

async function rendererOf(mode: string, start: RunStart, screen: Screen): Promise<Renderer> {
  const { stderr, env } = screen;
  // Azure says who it is, but not that it is a CI.
  const isCi = env['CI'] !== undefined || env['TF_BUILD'] !== undefined;
  const live = stderr.isTTY && !isCi && env['TERM'] !== 'dumb';
  const ci = isCi ? (await import('./ci-dialect.ts')).dialectHere(env) : undefined;
  const chosen = mode === 'auto' ? (live ? 'tty' : (ci ?? 'plain')) : mode;
  switch (chosen) {
    case 'github':
    case 'gitlab':
    case 'buildkite':
    case 'azure': {
      const [{ openCi }, { dialects }] = await Promise.all([import('./ci.ts'), import('./ci-dialect.ts')]);
      return openCi(dialects[chosen](), start, screen);
    }
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
