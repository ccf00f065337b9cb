/**
 * JSON as Go's encoder writes it: `<`, `>`, `&` and the line separators escaped. Keys stay in the order of the object,
 * and what is undefined is left out. `indent` is Go's MarshalIndent with two spaces.
 */
export function goJson(value: unknown, { indent = false }: { readonly indent?: boolean } = {}): string {
  return JSON.stringify(value, null, indent ? 2 : undefined).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
