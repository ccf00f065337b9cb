import { hostname } from 'node:os';
import { pathToFileURL } from 'node:url';

/** A text that leads to a file, where the terminal knows links (OSC 8); the text alone elsewhere. */
export function fileLink(
  text: string,
  { path, line }: { readonly path: string; readonly line?: number },
  { stream, env }: { readonly stream: NodeJS.WriteStream; readonly env: NodeJS.ProcessEnv },
): string {
  if (!stream.isTTY || !knowsLinks(env)) return text;
  const url = pathToFileURL(path);
  url.hostname = hostname();
  if (line !== undefined) url.hash = String(line);
  return `\u001b]8;;${url.href}\u001b\\${text}\u001b]8;;\u001b\\`;
}

/** By the names that terminals give themselves; `FORCE_HYPERLINK` says it, too. */
export function knowsLinks(env: NodeJS.ProcessEnv): boolean {
  const { FORCE_HYPERLINK: forced, TERM: term = '', TERM_PROGRAM: program = '', CI: ci } = env;
  if (forced !== undefined) return forced !== '0' && forced !== '';
  if (ci !== undefined || term === 'dumb') return false;
  return (
    ['iTerm.app', 'WezTerm', 'vscode', 'ghostty', 'zed', 'Hyper', 'rio'].includes(program) ||
    /^(xterm-kitty|xterm-ghostty|alacritty|foot)/.test(term) ||
    Number(env['VTE_VERSION'] ?? 0) >= 5000 ||
    Number(env['KONSOLE_VERSION'] ?? 0) >= 200_400 ||
    env['WT_SESSION'] !== undefined
  );
}
