import { styleText } from './style.ts';
import { speaksUtf8 } from './terminal.ts';

/** Symbols that carry the meaning without colour, in UTF-8 or ASCII. */
export interface Symbols {
  readonly built: string;
  readonly cached: string;
  /** The same, and a remote cache had some of it. */
  readonly fetched: string;
  readonly failed: string;
  readonly blocked: string;
  readonly cancelled: string;
  /** Built again, and the same as before. */
  readonly unchanged: string;
}

const pretty: Symbols = {
  built: '✔',
  cached: '⚡',
  fetched: '☁',
  failed: '✖',
  blocked: '⊘',
  cancelled: '…',
  unchanged: '=',
};
const plain: Symbols = {
  built: 'ok',
  cached: 'c',
  fetched: 'r',
  failed: 'x',
  blocked: '-',
  cancelled: '.',
  unchanged: '=',
};

/** The signs of outcomes, in ASCII where the terminal knows nothing else. */
export function symbolsFor(env: NodeJS.ProcessEnv): Symbols {
  return speaksUtf8(env) ? pretty : plain;
}

/** Colours of images that are told apart on dark and on light ground; none means fail, ok or warn. Of 256. */
const palette = [33, 31, 37, 67, 69, 63, 99, 134, 133, 170, 169, 103] as const;

/** Where a terminal has but sixteen. */
const few = ['blue', 'cyan', 'magenta', 'blueBright', 'cyanBright', 'magentaBright'] as const;

/** Text in a colour that an image keeps from run to run. */
export function inColourOf(id: string, text: string, stream: NodeJS.WriteStream): string {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.codePointAt(0)!) >>> 0;
  const plain = styleText(few[hash % few.length]!, text, { stream });
  if (plain === text || (stream.getColorDepth?.() ?? 4) < 8) return plain;
  return `\u001b[38;5;${palette[hash % palette.length]}m${text}\u001b[39m`;
}
