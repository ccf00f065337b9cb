import { joinPath } from './path.ts';

/** Where a git repository is, as BuildKit reads it. */
export interface GitRemote {
  /** Undefined for what only git itself can read. */
  readonly scheme?: 'http' | 'https' | 'ssh' | 'git';
  /** What git is given: without the fragment and the query. */
  readonly url: string;
  readonly host: string;
  readonly path: string;
  /** From the fragment, `#ref:subdir`; '' if there is none. */
  readonly ref: string;
  readonly subdir: string;
}

const schemes = ['http', 'https', 'ssh', 'git'] as const;
const standard = /^([a-zA-Z0-9]+):\/\/([^/?#]*)([^?#]*)(?:\?[^#]*)?(?:#(.*))?$/s;
const scp = /^([a-zA-Z0-9-_]+)@([a-zA-Z0-9-.]+):(.*?)(?:\?(.*?))?(?:#(.*))?$/s;

/** Reads `https://host/path#ref:subdir`, `git@host:path` or, taken as https, `host/path`. */
export function parseGitUrl(text: string): GitRemote {
  const url = /^[a-zA-Z0-9]+:\/\//.test(text) || scp.test(text) ? text : `https://${text}`;
  const asUrl = standard.exec(url);
  if (asUrl) {
    const [, protocol = '', authority = '', path = '', fragment = ''] = asUrl;
    const scheme = schemes.find((known) => known === protocol.toLowerCase());
    if (!scheme) return { url: text, host: '', path: '', ref: '', subdir: '' };
    const host = authority.slice(authority.lastIndexOf('@') + 1);
    return { scheme, url: `${scheme}://${authority}${path}`, host, path: decoded(path), ...fragmentOf(fragment) };
  }
  const [, user, host = '', path = '', , fragment = ''] = scp.exec(url)!;
  return { scheme: 'ssh', url: `${user}@${host}:${path}`, host, path, ...fragmentOf(fragment) };
}

/** The part after `git://` of the source's identifier; the same for every protocol that leads to the repository. */
export function gitIdentifier(remote: GitRemote, ref: string, subdir: string): string {
  if (!remote.scheme) return remote.url;
  const fragment = ref === '' && subdir === '' ? '' : `#${ref}${subdir === '' ? '' : `:${subdir}`}`;
  return `${remote.host}${joinPath('/', remote.path)}${fragment}`;
}

function fragmentOf(fragment: string): { readonly ref: string; readonly subdir: string } {
  const colon = fragment.indexOf(':');
  return colon < 0
    ? { ref: fragment, subdir: '' }
    : { ref: fragment.slice(0, colon), subdir: fragment.slice(colon + 1) };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Not percent-encoded at all: the path is meant as it stands.
    return path;
  }
}
