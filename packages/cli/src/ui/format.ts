import { stripVTControlCharacters } from './style.ts';
import { oneLine } from './tame.ts';

/** `42ms`, `3.2s`, `1m04s`, `1h02m`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}

/** `118.4 MiB`; bytes below a KiB without decimals. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [count, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** `sha256:` and twelve digits. */
export function shortDigest(digest: string): string {
  const [algorithm, hex = ''] = digest.split(':');
  return `${algorithm}:${hex.slice(0, 12)}`;
}

/** `1 image`, `2 images`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** A step's name on one line, digests cut short. */
export function shortName(name: string): string {
  return oneLine(name).replaceAll(/(@sha256:[0-9a-f]{12})[0-9a-f]{52}/g, '$1');
}

/** A line as a terminal would leave it standing: what was overwritten is gone, and nothing moves the cursor. */
export function shownLine(line: string): string {
  const parts = stripVTControlCharacters(line).split('\r');
  return (parts.findLast((part) => part.trim() !== '') ?? '').replaceAll('\t', '    ').replaceAll(/\p{Cc}/gu, '·');
}
