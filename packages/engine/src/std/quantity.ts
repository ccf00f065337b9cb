// Quantities as people write them in files and on command lines.
const byteUnits: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1 << 10, m: 1 << 20, g: 1 << 30, t: 2 ** 40 };
const secondUnits: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Bytes: a number, or a text such as `64m`, `20GB`, `1.5GiB` (all powers of 1024). Undefined for anything else. */
export function parseBytes(written: string | number): number | undefined {
  if (typeof written === 'number') return Number.isSafeInteger(written) && written >= 0 ? written : undefined;
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(written.trim()) ?? [];
  if (number === undefined) return undefined;
  return Math.floor(Number(number) * byteUnits[unit!.toLowerCase()]!);
}

/** Seconds: a number, or a text such as `90s`, `12h`, `30d`, `1h30m`. Undefined for anything else. */
export function parseSeconds(written: string | number): number | undefined {
  if (typeof written === 'number') return Number.isFinite(written) && written >= 0 ? written : undefined;
  const text = written.trim();
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(?:\d+(?:\.\d+)?[smhdw])+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)([smhdw])/g)) sum += Number(number) * secondUnits[unit!]!;
  return sum;
}

/** A part of the memory (`80%`), or bytes (`4GiB`). Undefined for anything else, and for none at all. */
export function parseMemory(
  written: string | number,
): { readonly share: number } | { readonly bytes: number } | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(String(written).trim())?.[1];
  if (percent !== undefined) {
    return Number(percent) > 0 && Number(percent) <= 100 ? { share: Number(percent) / 100 } : undefined;
  }
  const bytes = parseBytes(written);
  return bytes ? { bytes } : undefined;
}
