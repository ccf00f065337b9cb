import { normalised, parseReference } from '../oci/reference.ts';
import type { Constraints } from './constraints.ts';
import { gitIdentifier, parseGitUrl } from './git-url.ts';
import { goJson } from './go-json.ts';
import { invalid } from './invalid.ts';
import { outputOf } from './node.ts';
import { joinPath } from './path.ts';
import { SourceNode } from './source-node.ts';
import type {
  BlobOptions,
  FileInfoOptions,
  GitOptions,
  HttpOptions,
  ImageOptions,
  LocalOptions,
  OciLayoutOptions,
} from './source-options.ts';
import { decidedLater, State } from './state.ts';

/** Attributes while they are gathered; what is undefined or '' is left out. */
type Attrs = Readonly<Record<string, string | undefined>>;

/** An image of a registry; `:latest` is added to a name without tag and digest. */
export function image(reference: string, options: ImageOptions = {}): State {
  const name = fullName(reference);
  const { resolveMode = 'default', layerLimit, checksum, resolver } = options;
  const attrs: Attrs = {
    'image.resolvemode': resolveMode === 'default' ? undefined : resolveMode,
    'image.recordtype': options.recordType,
    'image.layerlimit': layerLimit?.toString(),
    'image.checksum': checksum,
  };
  const capabilities = ['source.image'];
  if (resolveMode === 'pull') capabilities.push('source.image.resolvemode');
  if (layerLimit !== undefined) capabilities.push('source.image.layerlimit');
  if (checksum) capabilities.push('source.image.checksum');
  const named = (name: string) => from(`docker-image://${name}`, attrs, options, capabilities);
  if (!resolver) return named(name);
  return decidedLater(async ({ platform, signal }) => {
    const found = await resolver(name, { platform: options.platform ?? platform, resolveMode, signal });
    return named(options.resolveDigest ? pinned(found.reference, found.digest) : name).withImageConfig(found.config);
  });
}

/** One blob of a registry as a file: `name@digest`. */
export function imageBlob(reference: string, options: BlobOptions = {}): State {
  return from(`docker-image+blob://${blobName(reference)}`, fileAttrs(options), options, ['source.imageblob']);
}

/** One blob of a layout that the client lends, as a file: `name@digest`. */
export function ociLayoutBlob(reference: string, options: BlobOptions = {}): State {
  const attrs = { ...fileAttrs(options), 'oci.session': options.sessionId, 'oci.store': options.storeId };
  return from(`oci-layout+blob://${blobName(reference)}`, attrs, options, ['source.imageblob']);
}

/** An image in a layout that the client lends: `name@digest`. */
export function ociLayout(reference: string, options: OciLayoutOptions = {}): State {
  const attrs: Attrs = {
    'oci.session': options.sessionId,
    'oci.store': options.storeId,
    'oci.layerlimit': options.layerLimit?.toString(),
  };
  return from(`oci-layout://${reference}`, attrs, options, ['source.ocilayout']);
}

/** A folder of the client, by the name under which it lends it. */
export function local(name: string, options: LocalOptions = {}): State {
  const { sessionId, include, exclude, followPaths, sharedKeyHint, differ, metadataOnly } = options;
  const attrs: Attrs = {
    'local.session': sessionId,
    'local.includepattern': list(include),
    'local.followpaths': list(followPaths),
    'local.excludepatterns': list(exclude),
    'local.sharedkeyhint': sharedKeyHint,
    'local.differ': differ?.type,
    'local.metadatatransfer': metadataOnly && 'true',
    'local.metadatatransferexclude': list(metadataOnly?.exceptions),
  };
  const capabilities = ['source.local'];
  if (attrs['local.session']) capabilities.push('source.local.sessionid');
  if (attrs['local.includepattern']) capabilities.push('source.local.includepatterns');
  if (attrs['local.followpaths']) capabilities.push('source.local.followpaths');
  if (attrs['local.excludepatterns']) capabilities.push('source.local.excludepatterns');
  if (attrs['local.sharedkeyhint']) capabilities.push('source.local.sharedkeyhint');
  if (differ?.required) capabilities.push('source.local.differ');
  if (metadataOnly) capabilities.push('source.local.metadatatransfer');
  return from(`local://${name}`, attrs, options, capabilities);
}

/** A git repository. `url` may end in `#ref:subdir`, which the options of these names override. */
export function git(url: string, options: GitOptions = {}): State {
  const remote = parseGitUrl(url);
  const ref = options.ref ?? remote.ref;
  const subdir = options.subdir ?? joinPath('/', remote.subdir).slice(1);
  const ssh = remote.scheme === 'ssh';
  const { authTokenSecret = 'GIT_AUTH_TOKEN', authHeaderSecret = 'GIT_AUTH_HEADER', bundle } = options;
  const attrs: Attrs = {
    'git.keepgitdir': options.keepGitDir ? 'true' : undefined,
    'git.fullurl': remote.url,
    'git.authtokensecret': authTokenSecret,
    'git.authheadersecret': authHeaderSecret,
    'git.knownsshhosts': ssh ? options.knownSshHosts?.replace(/\n?$/, '\n') : undefined,
    'git.mountsshsock': ssh ? options.mountSshSock || 'default' : undefined,
    'git.checksum': options.checksum,
    'git.skipsubmodules': options.skipSubmodules ? 'true' : undefined,
    'git.mtime': options.mtime,
    'git.fetchbycommit': options.fetchByCommit ? 'true' : undefined,
    'git.bundle': bundle?.locator,
    'oci.session': bundle?.sessionId,
    'oci.store': bundle?.storeId,
    'git.checkoutbundle': options.checkoutBundle ? 'true' : undefined,
  };
  const capabilities = ['source.git', 'source.git.fullurl'];
  const credentials = options.authTokenSecret || options.authHeaderSecret;
  if (credentials) capabilities.push('source.git.httpauth');
  if (ssh) capabilities.push('source.git.knownsshhosts', 'source.git.mountsshsock');
  for (const name of [
    'keepgitdir',
    'checksum',
    'skipsubmodules',
    'mtime',
    'fetchbycommit',
    'bundle',
    'checkoutbundle',
  ]) {
    if (attrs[`git.${name}`]) capabilities.push(`source.git.${name}`);
  }
  return from(`git://${gitIdentifier(remote, ref, subdir)}`, attrs, options, capabilities);
}

/** A file from the web, named after the URL unless `filename` says otherwise. */
export function http(url: string, options: HttpOptions = {}): State {
  const { checksum, authHeaderSecret, header, signature } = options;
  const attrs: Attrs = {
    ...fileAttrs(options),
    'http.checksum': checksum,
    'http.authheadersecret': authHeaderSecret,
    'http.header.accept': header?.accept,
    'http.header.user-agent': header?.userAgent,
    'http.sig.pubkey': signature?.publicKey,
    'http.sig.signature': signature?.signature,
  };
  const capabilities = ['source.http'];
  if (checksum) capabilities.push('source.http.checksum');
  if (attrs['http.perm']) capabilities.push('source.http.perm');
  // BuildKit's own spelling.
  if (attrs['http.uid'] || attrs['http.gid']) capabilities.push('soruce.http.uidgid');
  if (authHeaderSecret) capabilities.push('source.http.auth');
  if (header) capabilities.push('source.http.header');
  if (signature) capabilities.push('source.http.signatureverify');
  return from(url, attrs, options, capabilities);
}

/** Any source by its identifier and attributes. */
export function source(
  identifier: string,
  attrs: Readonly<Record<string, string>> | ReadonlyMap<string, string> = {},
  options: Constraints & { readonly capabilities?: readonly string[] } = {},
): State {
  if (identifier === '') throw invalid('a source needs an identifier');
  const map = attrs instanceof Map ? attrs : new Map(Object.entries(attrs));
  return new State(outputOf(new SourceNode(identifier, map, options), 0, options.platform));
}

function from(identifier: string, attrs: Attrs, options: Constraints, capabilities: readonly string[]): State {
  const given = new Map<string, string>();
  for (const [key, value] of Object.entries(attrs)) if (value) given.set(key, value);
  return source(identifier, given, { ...options, capabilities });
}

function fileAttrs({ filename, mode, uid, gid }: FileInfoOptions): Attrs {
  return {
    'http.filename': filename,
    'http.perm': mode ? `0${(mode & 0o777).toString(8)}` : undefined,
    'http.uid': uid ? `${uid}` : undefined,
    'http.gid': gid ? `${gid}` : undefined,
  };
}

function list(patterns: readonly string[] | undefined): string | undefined {
  return patterns && patterns.length > 0 ? goJson(patterns) : undefined;
}

function reading(reference: string) {
  try {
    return parseReference(reference);
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), undefined, cause);
  }
}

function fullName(reference: string): string {
  return normalised(reading(reference));
}

function pinned(reference: string, digest: ImageDigest): string {
  return normalised({ ...reading(reference), digest });
}

type ImageDigest = NonNullable<ImageOptions['checksum']>;

function blobName(reference: string): string {
  const parsed = reading(reference);
  if (parsed.tag !== undefined) throw invalid(`a blob is named by digest alone, but ${reference} has a tag`);
  if (!parsed.digest) throw invalid(`a blob is named by its digest, as in name@sha256:…, and ${reference} has none`);
  return normalised(parsed);
}
