import { compareUtf8 } from '../proto/utf8.ts';

/** What `goJson` prints. Object members stand in their order, a `Map`'s entries sorted; undefined members are left out. */
export type GoValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | readonly GoValue[]
  | ReadonlyMap<string, GoValue>
  | { readonly [key: string]: GoValue | undefined };

/**
 * JSON as Go's `encoding/json` prints it: bytes as base64, maps sorted by key, 64-bit integers as numbers, and `<`, `>`
 * and `&` escaped so that the text may stand in HTML. BuildKit hashes such text, so every byte counts.
 */
export function goJson(value: GoValue): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      break;
  }
  if (value instanceof Uint8Array) return `"${base64(value)}"`;
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  const members =
    value instanceof Map
      ? [...(value as ReadonlyMap<string, GoValue>)].sort(([a], [b]) => compareUtf8(a, b))
      : Object.entries(value as { readonly [key: string]: GoValue | undefined });
  const printed: string[] = [];
  for (const [key, member] of members) if (member !== undefined) printed.push(`${quoted(key)}:${goJson(member)}`);
  return `{${printed.join(',')}}`;
}

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

function quoted(text: string): string {
  const json = JSON.stringify(text.isWellFormed() ? text : text.toWellFormed());
  return /[<>&\u2028\u2029]/.test(json) ? json.replace(/[<>&\u2028\u2029]/g, (character) => escapes[character]!) : json;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
