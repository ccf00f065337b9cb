/** The parts of an address with a scheme, as written; the path still encoded. */
export interface WebAddress {
  /** In lower case. */
  readonly scheme: string;
  /** User, host and port. */
  readonly authority: string;
  /** '' or begins with a slash. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  /** Without `#`, decoded. */
  readonly fragment: string;
}

const form = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
const host = /^(?:\[[^\]]*\]|[\w.~!$&'()*+,;=<>"%-]|[^\0-\x7f])*(?::\d*)?$/;

/** Splits an address as Go's `url.Parse` does; undefined where that finds a mistake. */
export function readWebAddress(text: string): WebAddress | undefined {
  const [, scheme, authority = '', path = '', query = '', fragment = ''] = form.exec(text) ?? [];
  // oxlint-disable-next-line no-control-regex -- Go refuses exactly these
  if (scheme === undefined || /[\0-\x1f\x7f]/.test(text)) return undefined;
  if (!host.test(authority.slice(authority.lastIndexOf('@') + 1))) return undefined;
  if (decoded(path) === undefined) return undefined;
  const plain = decoded(fragment);
  return plain === undefined ? undefined : { scheme: scheme.toLowerCase(), authority, path, query, fragment: plain };
}

/** Takes the percent encoding off; undefined if it is broken. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
