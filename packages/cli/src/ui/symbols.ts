import { styleText } from 'node:util';

/** Symbols that carry the meaning without colour, in UTF-8 or ASCII. */
export interface Symbols {
  readonly built: string;
  readonly cached: string;
  readonly failed: string;
  readonly stopped: string;
  readonly running: string;
}

const pretty: Symbols = { built: '✔', cached: '⚡', failed: '✖', stopped: '…', running: '▸' };
const plain: Symbols = { built: 'ok', cached: 'c', failed: 'x', stopped: '.', running: '>' };

export function symbolsFor(env: NodeJS.ProcessEnv): Symbols {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || 'C.UTF-8';
  return env['TERM'] === 'dumb' || !/utf-?8/i.test(locale) ? plain : pretty;
}

/** Colours of images: none means fail, ok or warn. */
const palette = ['cyan', 'magenta', 'blue', 'cyanBright', 'magentaBright', 'blueBright'] as const;

/** Text in a colour that an image keeps from run to run. */
export function inColourOf(id: string, text: string, stream: NodeJS.WriteStream): string {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.codePointAt(0)!) >>> 0;
  return styleText(palette[hash % palette.length]!, text, { stream });
}
