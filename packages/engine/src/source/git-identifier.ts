import { posix } from 'node:path';
import { Failed } from '../std/failed.ts';
import { redacted } from '../std/redacted.ts';
import type { SourceFailure } from './failure.ts';
import type { SourceRequest } from './source.ts';

/** What a `git://` source asks for (LLB-058). */
export interface GitIdentifier {
  /** What `git` gets; may hold credentials. */
  readonly remote: string;
  /** As written: a branch, a tag, a commit, `refs/…`; '' is the default branch. */
  readonly ref: string;
  /** Clean and relative; '' is the whole repository. */
  readonly subdir: string;
  /** Beginning of the commit's (or annotated tag's) hash. */
  readonly checksum: string;
  readonly keepGitDir: boolean;
  readonly skipSubmodules: boolean;
  /** Files carry the time of the checkout, or of the commit. */
  readonly mtime: 'checkout' | 'commit';
  readonly fetchByCommit: boolean;
  /** Names of secrets. */
  readonly authHeaderSecret: string;
  readonly authTokenSecret: string;
  readonly knownHosts: string;
  /** Id of the ssh agent to use; '' is none. */
  readonly sshSocket: string;
}

export function readGitIdentifier({ name, attrs }: SourceRequest): GitIdentifier {
  const [place = '', ...fragment] = name.split('#');
  const [ref = '', ...below] = fragment.join('#').split(':');
  const remote = withTransport(attrs['git.fullurl'] || place.replace(/\?.*$/, ''));
  if (!isRemote(remote)) throw wrong(remote, 'its URL is none that git can fetch by http, https, ssh or git');
  if (ref.startsWith('-')) throw wrong(remote, `invalid git ref ${JSON.stringify(ref)}`);
  const checksum = attrs['git.checksum'] ?? '';
  if (!/^[0-9a-fA-F]*$/.test(checksum)) {
    throw wrong(remote, `invalid checksum ${checksum} for Git URL, expected hex commit hash`);
  }
  for (const attr of Object.keys(attrs)) {
    if (attr.startsWith('git.sig.') || attr === 'git.bundle' || attr === 'git.checkoutbundle') {
      throw wrong(remote, `${attr} is not supported yet`);
    }
  }
  const fetchByCommit = attrs['git.fetchbycommit'] === 'true';
  if (fetchByCommit && !isCommit(ref) && !isCommit(checksum)) {
    throw wrong(remote, 'fetch-by-commit requires a full commit SHA checksum or ref');
  }
  const mtime = attrs['git.mtime'] || 'checkout';
  if (mtime !== 'checkout' && mtime !== 'commit')
    throw wrong(remote, `git.mtime is checkout or commit, not ${JSON.stringify(mtime)}`);
  return {
    remote,
    ref,
    subdir: posix.join('/', below.join(':')).slice(1).replace(/\/+$/, ''),
    checksum: checksum.toLowerCase(),
    keepGitDir: attrs['git.keepgitdir'] === 'true',
    skipSubmodules: attrs['git.skipsubmodules'] === 'true',
    mtime,
    fetchByCommit,
    authHeaderSecret: attrs['git.authheadersecret'] ?? '',
    authTokenSecret: attrs['git.authtokensecret'] ?? '',
    knownHosts: attrs['git.knownsshhosts'] ?? '',
    sshSocket: attrs['git.mountsshsock'] ?? '',
  };
}

/** BuildKit's cache key of a checkout (LLB-063). `ref` is the full name of what was found, told only beside a .git folder. */
export function gitKey(id: GitIdentifier, { sha, ref }: { readonly sha: string; readonly ref: string }): string {
  const { keepGitDir, subdir, skipSubmodules, mtime } = id;
  return [
    sha,
    keepGitDir ? `.git${ref ? `#${ref}` : ''}` : '',
    subdir && `:${subdir}`,
    skipSubmodules ? '(skip-submodules)' : '',
    mtime === 'commit' ? '(mtime=commit)' : '',
  ].join('');
}

export function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

const scpStyle = /^[a-zA-Z0-9_-]+@[a-zA-Z0-9][a-zA-Z0-9.-]*:[^\s-]\S*$/;

function withTransport(remote: string): string {
  return /^[a-zA-Z0-9]+:\/\//.test(remote) || scpStyle.test(remote) ? remote : `https://${remote}`;
}

/** Nothing that begins with a dash, names another helper, or reads this machine's files. */
function isRemote(remote: string): boolean {
  if (scpStyle.test(remote)) return true;
  if (!/^(?:https?|ssh|git):\/\/[^\s/-]/i.test(remote) || !URL.canParse(remote)) return false;
  const { hostname, pathname } = new URL(remote);
  return hostname !== '' && !hostname.startsWith('-') && !pathname.startsWith('/-');
}

function wrong(remote: string, why: string): Failed<SourceFailure> {
  const identifier = redacted(remote);
  return new Failed<SourceFailure>({
    kind: 'source-identifier',
    identifier,
    message: `git source ${identifier}: ${why}`,
  });
}
