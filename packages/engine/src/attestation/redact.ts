/**
 * User and password in every URL of a text, as BuildKit hides them: `https://xxxxx:xxxxx@host/`. What is said of a build
 * is published, and proxies, repositories and downloads may be written with credentials.
 */
export function withoutCredentials(text: string): string {
  return text.replaceAll(
    /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/?#@:'"]*)(:[^\s/?#'"]*)?@(?!sha(?:256|512):)/gi,
    (_, scheme: string, user: string, password: string | undefined) =>
      `${scheme}${user === '' ? '' : 'xxxxx'}${password === undefined ? '' : ':xxxxx'}@`,
  );
}

/** The same of every text in a value for JSON; keys stay. */
export function deepWithoutCredentials<T>(value: T): T {
  if (typeof value === 'string') return withoutCredentials(value) as T;
  if (Array.isArray(value)) return value.map(deepWithoutCredentials) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, deepWithoutCredentials(each)])) as T;
}
