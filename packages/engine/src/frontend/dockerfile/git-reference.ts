// Addresses of git repositories, as ADD and contexts take them.

import { joinPath } from '../../llb/path.ts';
import type { GitOptions } from '../../llb/source-options.ts';
import { parseGoBool } from '../../std/go-bool.ts';
import { goQuote } from '../../std/go-quote.ts';
import { mistake } from './failure.ts';
import { readWebAddress } from './web-address.ts';

export interface GitReference {
  /** For git: the address without query and fragment. */
  readonly remote: string;
  readonly ref: string;
  readonly subdir: string;
  readonly checksum: string;
  readonly keepGitDir: boolean | undefined;
  readonly submodules: boolean | undefined;
  readonly mtime: 'checkout' | 'commit' | undefined;
  readonly fetchByCommit: boolean;
  /** `github.com/…` might as well be a path; only contexts read it as an address. */
  readonly maybePath: boolean;
}

interface Address {
  readonly remote: string;
  readonly query: string;
  readonly fragment: string;
  readonly maybePath: boolean;
}

const scp = /^[a-zA-Z0-9-_]+@[a-zA-Z0-9-.]+:(.*?)(?:\?(.*?))?(?:#(.*))?$/;

/** Reads an address of a git repository; undefined if it is none. Throws a mistake for a query that cannot be. */
export function readGitReference(text: string): GitReference | undefined {
  const address = readAddress(text);
  if (!address) return undefined;
  const colon = address.fragment.indexOf(':');
  const [ref, subdir] =
    colon < 0 ? [address.fragment, ''] : [address.fragment.slice(0, colon), address.fragment.slice(colon + 1)];
  const asked = readQuery(address.query);
  const named = refOf(asked, ref);
  const folder = joinPath('/', subdir).slice(1);
  if (asked.subdir !== undefined && folder !== '' && folder !== asked.subdir) {
    throw mistake(`subdir conflicts: ${goQuote(folder)} vs ${goQuote(asked.subdir)}`, { token: text });
  }
  return {
    remote: address.remote,
    ref: named,
    subdir: asked.subdir ?? folder,
    checksum: asked.checksum ?? '',
    keepGitDir: asked.keepGitDir,
    submodules: asked.submodules,
    mtime: asked.mtime,
    fetchByCommit: asked.fetchByCommit ?? false,
    maybePath: address.maybePath,
  };
}

/** Whether `text` is an address of a git repository and can't be a path. A broken query does not change that. */
export function isGitAddress(text: string): boolean {
  return readAddress(text) !== undefined;
}

/** The options of the source vertex, apart from its name. */
export function gitOptions(git: GitReference): GitOptions {
  return {
    ref: git.ref,
    ...(git.keepGitDir && { keepGitDir: true }),
    ...(git.subdir && { subdir: git.subdir }),
    ...(git.checksum && { checksum: git.checksum }),
    ...(git.submodules === false && { skipSubmodules: true }),
    ...(git.mtime && { mtime: git.mtime }),
    ...(git.fetchByCommit && { fetchByCommit: true }),
  };
}

function readAddress(text: string): Address | undefined {
  if (text.startsWith('./') || text.startsWith('../')) return undefined;
  const maybePath = text.startsWith('github.com/');
  if (!maybePath && !/^[a-zA-Z0-9]+:\/\//.test(text)) {
    const found = scp.exec(text);
    if (!found) return undefined;
    const end = text.search(/[?#]/);
    return { remote: end < 0 ? text : text.slice(0, end), query: found[2] ?? '', fragment: found[3] ?? '', maybePath };
  }
  const address = readWebAddress(maybePath ? `https://${text}` : text);
  if (!address || !['http', 'https', 'ssh', 'git'].includes(address.scheme)) return undefined;
  const { scheme, authority, path, query, fragment } = address;
  if (!maybePath && scheme.startsWith('http') && !path.endsWith('.git')) return undefined;
  return { remote: `${maybePath ? '' : `${scheme}://`}${authority}${path}`, query, fragment, maybePath };
}

interface Query {
  ref?: string;
  tag?: string;
  branch?: string;
  subdir?: string;
  checksum?: string;
  keepGitDir?: boolean;
  submodules?: boolean;
  mtime?: 'checkout' | 'commit';
  fetchByCommit?: boolean;
}

function readQuery(text: string): Query {
  const query: Query = {};
  const seen = new Set<string>();
  for (const [key, value] of new URLSearchParams(text)) {
    if (seen.has(key)) throw mistake(`query ${goQuote(key)} has multiple values`, { token: key });
    seen.add(key);
    const flag = () => {
      const parsed = value === '' ? true : parseGoBool(value);
      if (parsed === undefined) throw mistake(`invalid ${key} value: ${goQuote(value)}`, { token: value });
      return parsed;
    };
    const known = ['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'mtime'];
    if (value === '' && known.includes(key)) throw mistake(`query ${goQuote(key)} has no value`, { token: key });
    switch (key) {
      case 'ref':
      case 'tag':
      case 'branch':
      case 'subdir':
        query[key] = value;
        break;
      case 'checksum':
      case 'commit':
        query.checksum = value;
        break;
      case 'keep-git-dir':
        query.keepGitDir = flag();
        break;
      case 'submodules':
        query.submodules = flag();
        break;
      case 'fetch-by-commit':
        query.fetchByCommit = flag();
        break;
      case 'mtime':
        if (value !== 'checkout' && value !== 'commit') {
          throw mistake(`invalid mtime value: ${goQuote(value)} (must be "checkout" or "commit")`, { token: value });
        }
        query.mtime = value;
        break;
      default:
        throw mistake(`unexpected query ${goQuote(key)}`, {
          token: key,
          nearTo: { word: key, candidates: [...known, 'keep-git-dir', 'submodules', 'fetch-by-commit'] },
        });
    }
  }
  return query;
}

/** The one ref that fragment and query name; naming two is a mistake. */
function refOf({ ref, tag, branch }: Query, fragment: string): string {
  if (tag !== undefined && branch !== undefined) throw mistake('branch conflicts with tag');
  const full = (name: string | undefined, prefix: string) =>
    name === undefined || name.startsWith(prefix) ? name : prefix + name;
  const named = [fragment || undefined, ref, full(tag, 'refs/tags/'), full(branch, 'refs/heads/')];
  const [first = '', ...others] = named.filter((name) => name !== undefined);
  for (const other of others) {
    if (other !== first) throw mistake(`ref conflicts: ${goQuote(first)} vs ${goQuote(other)}`, { token: other });
  }
  return first;
}
