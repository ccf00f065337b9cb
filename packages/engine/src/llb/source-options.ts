import type { Digest } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import type { Platform } from '../oci/platform.ts';
import type { Constraints } from './constraints.ts';

export interface ImageOptions extends Constraints {
  /** `default` asks the registry for tags, `pull` always, `local` only if the image is not here. */
  readonly resolveMode?: ResolveMode | undefined;
  /** As the record of the image in the cache is called; `internal` for those of frontends. */
  readonly recordType?: string | undefined;
  /** Use only that many layers. */
  readonly layerLimit?: number | undefined;
  /** The digest that the manifest must have. */
  readonly checksum?: Digest | undefined;
  /** Asked for the image's config, which then sets environment, working directory and platform. */
  readonly resolver?: ImageResolver | undefined;
  /** Whether the digest that the resolver finds goes into the reference. */
  readonly resolveDigest?: boolean | undefined;
}

export type ResolveMode = 'default' | 'pull' | 'local';

/** Looks an image up: its full reference, digest and config. */
export type ImageResolver = (
  reference: string,
  options: {
    readonly platform: Platform;
    readonly resolveMode: ResolveMode;
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<{ readonly reference: string; readonly digest: Digest; readonly config: ImageConfig }>;

export interface FileInfoOptions {
  /** Name of the file. */
  readonly filename?: string | undefined;
  /** Permission bits. */
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

export interface BlobOptions extends Constraints, FileInfoOptions {
  /** For `ociLayoutBlob`: the session and the store that have it. */
  readonly sessionId?: string | undefined;
  readonly storeId?: string | undefined;
}

export interface LocalOptions extends Constraints {
  /** The session that has the folder; by default that of the solve. */
  readonly sessionId?: string | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Only these paths, and where their symlinks lead. */
  readonly followPaths?: readonly string[] | undefined;
  /** Folders with the same hint are sent as changes to each other. */
  readonly sharedKeyHint?: string | undefined;
  /** How files are compared with what was sent before; `required` refuses engines that can't choose. */
  readonly differ?: { readonly type: 'none' | 'metadata'; readonly required?: boolean } | undefined;
  /** Send names and attributes but no content, apart from these patterns. */
  readonly metadataOnly?: { readonly exceptions?: readonly string[] } | undefined;
  /** Identifies the folder where it has no session; by default that of the marshalling. */
  readonly localUniqueId?: string | undefined;
}

export interface GitOptions extends Constraints {
  readonly ref?: string | undefined;
  readonly subdir?: string | undefined;
  readonly keepGitDir?: boolean | undefined;
  /** The commit that `ref` must be. */
  readonly checksum?: string | undefined;
  readonly skipSubmodules?: boolean | undefined;
  /** Times of the files: that of the checkout or that of the commit. */
  readonly mtime?: 'checkout' | 'commit' | undefined;
  /** Take `checksum` as the commit without asking the remote for `ref`. */
  readonly fetchByCommit?: boolean | undefined;
  /** Import a git bundle in place of fetching; a `docker-image+blob://` or `oci-layout+blob://` locator. */
  readonly bundle?:
    | { readonly locator: string; readonly sessionId?: string | undefined; readonly storeId?: string | undefined }
    | undefined;
  /** Give a git bundle in place of a worktree. */
  readonly checkoutBundle?: boolean | undefined;
  /** Names of the secrets with credentials; `GIT_AUTH_TOKEN` and `GIT_AUTH_HEADER` if left out, none if ''. */
  readonly authTokenSecret?: string | undefined;
  readonly authHeaderSecret?: string | undefined;
  /** Lines of known_hosts for ssh. Nothing is asked of the host here, so without it the engine has to know the host. */
  readonly knownSshHosts?: string | undefined;
  /** Id of the ssh agent; `default` if left out. */
  readonly mountSshSock?: string | undefined;
}

export interface HttpOptions extends Constraints, FileInfoOptions {
  readonly checksum?: Digest | undefined;
  /** Name of the secret that is sent as Authorization. */
  readonly authHeaderSecret?: string | undefined;
  readonly header?: { readonly accept?: string | undefined; readonly userAgent?: string | undefined } | undefined;
  /** An OpenPGP signature that the file must have, both armoured. */
  readonly signature?: { readonly publicKey?: string | undefined; readonly signature?: string | undefined } | undefined;
}

export interface OciLayoutOptions extends Constraints {
  readonly sessionId?: string | undefined;
  readonly storeId?: string | undefined;
  readonly layerLimit?: number | undefined;
}
