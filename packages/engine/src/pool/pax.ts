import { broken } from './tar-field.ts';

/** A PAX header's records; values one character a byte. Of GNU's repeated sparse records the parts, comma separated. */
export type Records = Readonly<Record<string, string>>;

/** Reads `<length> <key>=<value>\n` one after another. An empty value takes the key away. */
export function parseRecords(data: string): Records {
  const records: Record<string, string> = {};
  const segments: string[] = [];
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(' ', at);
    const digits = data.slice(at, space);
    const length = /^[0-9]{1,7}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = data.indexOf('=', space);
    if (space < 0 || end > data.length || equals < 0 || equals >= end || data[end - 1] !== '\n') {
      throw broken('its extended headers are malformed');
    }
    const [key, value] = [data.slice(space + 1, equals), data.slice(equals + 1, end - 1)];
    if (key === '' || key.includes('\0')) throw broken('its extended headers are malformed');
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') segments.push(value);
    else if (value === '') delete records[key];
    else records[key] = value;
    at = end;
  }
  if (segments.length > 0) records['GNU.sparse.map'] ??= segments.join(',');
  return records;
}

export function paxNumber(value: string): number {
  const result = /^-?[0-9]+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(result)) throw broken(`${JSON.stringify(value.slice(0, 40))} is no number`);
  return result;
}

/** Seconds with a fraction, as nanoseconds. */
export function paxTime(value: string): bigint {
  const match = /^(-?)([0-9]{1,18})(?:\.([0-9]*))?$/.exec(value);
  if (match === null) throw broken(`${JSON.stringify(value.slice(0, 40))} is no time`);
  const nanoseconds = BigInt(match[2]!) * 1_000_000_000n + BigInt((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  return match[1] === '-' ? -nanoseconds : nanoseconds;
}
