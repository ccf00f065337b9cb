import { styleText } from 'node:util';
import { speaksUtf8 } from './terminal.ts';

/** Symbols that carry the meaning without colour, in UTF-8 or ASCII. */
export interface Symbols {
  readonly built: string;
  readonly cached: string;
  readonly failed: string;
  readonly blocked: string;
  /** Built again, and the same as before. */
  readonly unchanged: string;
}

const pretty: Symbols = { built: '✔', cached: '⚡', failed: '✖', blocked: '⊘', unchanged: '=' };
const plain: Symbols = { built: 'ok', cached: 'c', failed: 'x', blocked: '-', unchanged: '=' };

export function symbolsFor(env: NodeJS.ProcessEnv): Symbols {
  return speaksUtf8(env) ? pretty : plain;
}

/** Colours of images: none means fail, ok or warn. */
const palette = ['cyan', 'magenta', 'blue', 'cyanBright', 'magentaBright', 'blueBright'] as const;

/** Text in a colour that an image keeps from run to run. */
export function inColourOf(id: string, text: string, stream: NodeJS.WriteStream): string {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.codePointAt(0)!) >>> 0;
  return styleText(palette[hash % palette.length]!, text, { stream });
}
