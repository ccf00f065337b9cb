// Anybody's text (names of steps, what they write, what registries answer) may hold codes that steer a terminal: they clear
// it, write its clipboard, or turn a line around. What is shown went through here.

import { stripVTControlCharacters } from './style.ts';

/** Text of any number of lines: codes are gone, and no sign is left that moves the cursor or turns a line around. */
export function harmless(text: string): string {
  if (/^[ -~\n\t]*$/.test(text)) return text;
  return stripVTControlCharacters(text)
    .replaceAll('\r\n', '\n')
    .replaceAll(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, '·');
}

/** The same on one line. */
export function oneLine(text: string): string {
  return harmless(text).replaceAll(/\s*\n\s*/g, ' ');
}

const [escape, bell] = ['\u001b', '\u0007'];
/** CSI, then OSC and the like up to their end (for Buildkite's own, too), then whatever else follows an escape. */
const sequences = new RegExp(
  `${escape}(?:\\[[0-?]*[ -/]*[@-~]|[\\]_PX^][^${bell}${escape}]*(?:${bell}|${escape}\\\\)?|.)?`,
  'g',
);
const colour = new RegExp(`^${escape}\\[[\\d;:]*m$`);

/** One line that leaves the cursor alone: colours stay, all else that steers a terminal (or a CI) goes. */
export function tame(text: string): string {
  const coloured = text.replaceAll(sequences, (code) => (colour.test(code) ? code : ''));
  const parts = coloured.split('\r');
  const seen = parts.findLast((part) => part.trim() !== '') ?? '';
  return seen.replaceAll(/\p{Cc}/gu, (sign) => (sign === '\t' || sign === escape ? sign : ''));
}
