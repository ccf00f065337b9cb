// An image as it will be built: all names settled, all paths absolute, each value with where it came from.

import type { ContainerLimits } from '@monokit/engine/oci/container-limits';
import type { Place, ServiceWatch } from './bake/definition.ts';
import type { Image, MatrixCell, NetworkMode } from './config.ts';
import type { KeyPath } from './place.ts';

export interface ResolvedTarget {
  /** Unique in the workspace; `id#stage` for a stage that was asked for by itself. */
  readonly id: string;
  /** Its key in `images`, or the id it was discovered under: several ids share one in a matrix. */
  readonly image: string;
  readonly cell?: MatrixCell;
  readonly description?: string;
  /** Words that `--filter tag:WORD` finds it by. */
  readonly selectors: readonly string[];
  /** What the bake or compose file that it comes from says beside all this. */
  readonly sourced?: Sourced;
  readonly recipe: Recipe;
  readonly context: ContextSource;
  /** The stage to build; the last one unless said. */
  readonly target?: string;
  readonly args: Readonly<Record<string, string>>;
  readonly contexts: Readonly<Record<string, NamedContext>>;
  /** Ids of images that are built before it. Those that `contexts` name are not repeated here. */
  readonly dependsOn: readonly string[];
  /** As `os/arch[/variant]`, normalised; none means the machine's own. */
  readonly platforms: readonly string[];
  /** As written. */
  readonly tags: readonly string[];
  /** The tags in full, `docker.io/library/app:latest`: what a `FROM` is compared with. */
  readonly names: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** By the exporter's attribute: `annotation.key`, `annotation-index.key`, … */
  readonly annotations: Readonly<Record<string, string>>;
  /** None means that the image stays in the engine's own store. */
  readonly outputs: readonly OutputSpec[];
  /** One of each type at most. */
  readonly attests: readonly AttestSpec[];
  readonly cacheFrom: readonly CacheSpec[];
  readonly cacheTo: readonly CacheSpec[];
  readonly noCache: boolean;
  readonly noCacheFilter: readonly string[];
  readonly pull: boolean;
  readonly network: NetworkMode;
  readonly secrets: readonly SecretSpec[];
  readonly ssh: readonly SshSpec[];
  readonly extraHosts: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly shmSize?: number;
  readonly ulimits: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>;
  readonly entitlements: readonly string[];
  /** Of each step. */
  readonly resources: ContainerLimits;
  readonly priority?: number;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly retries?: number;
  readonly reproducible: boolean;
  readonly created: 'epoch' | 'now';
  /** Unix seconds, or what the frontend derives them from (`context`, the name of a context or stage). */
  readonly sourceDateEpoch?: string;
  /** What a watch does with it beside building it. */
  readonly watch?: WatchSpec;
  /** Where values came from, by key (`tags`) or, in maps, by key and name (`args.VERSION`). Not there: a default. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** What only targets of bake and compose files have. */
export interface Sourced {
  /** A question to ask of the target instead of building it: `check`, `outline`, `targets`. */
  readonly call?: string;
  /** Limits of steps as the file has them. */
  readonly resources?: Readonly<Record<string, string | number>>;
  /** Source policies, which are told but not obeyed: who builds the target is refused. */
  readonly policy?: unknown;
  /** Not one of `all`: it is there for others to inherit from. */
  readonly isTemplate: boolean;
  /** Of a compose service: what a container of it would have beside its `watch`. */
  readonly service?: Pick<ServiceWatch, 'notObeyed' | 'wrong'>;
}

/** What an image is made by. */
export type Recipe =
  | { readonly kind: 'dockerfile'; readonly folder: string; readonly name: string }
  /** In a remote context, relative to it. */
  | { readonly kind: 'remote-dockerfile'; readonly path: string }
  | { readonly kind: 'inline-dockerfile'; readonly text: string }
  | { readonly kind: 'define'; readonly define: NonNullable<Image['define']> };

export type ContextSource =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'remote'; readonly url: string };

export type NamedContext =
  | ContextSource
  /** Another image of the workspace. */
  | { readonly kind: 'target'; readonly id: string }
  | { readonly kind: 'image'; readonly reference: string }
  /** An image in an OCI layout; the only one, or the one named `latest`, unless it has a tag or digest. */
  | { readonly kind: 'oci-layout'; readonly path: string; readonly tag?: string; readonly digest?: string };

export interface OutputSpec {
  readonly type: 'image' | 'registry' | 'oci' | 'docker' | 'tar' | 'local' | 'cacheonly';
  /** Absolute, or `-` for standard output. Where `docker` has none, it is loaded. */
  readonly dest?: string;
  /** The exporter's other attributes by BuildKit's names. */
  readonly attrs: Readonly<Record<string, string>>;
}

export interface AttestSpec {
  readonly type: 'provenance' | 'sbom';
  readonly disabled: boolean;
  /** By BuildKit's names: `mode`, `version`, `generator`, … */
  readonly attrs: Readonly<Record<string, string>>;
}

export interface CacheSpec {
  readonly type: string;
  /** `src` and `dest` are absolute. */
  readonly attrs: Readonly<Record<string, string>>;
}

export interface SecretSpec {
  readonly id: string;
  readonly source: { readonly kind: 'file'; readonly path: string } | { readonly kind: 'env'; readonly name: string };
}

export interface SshSpec {
  readonly id: string;
  /** Keys or agent sockets, absolute; none means the agent of `SSH_AUTH_SOCK`. */
  readonly paths: readonly string[];
}

export const watchActions = ['rebuild', 'restart', 'sync', 'sync+restart', 'sync+exec'] as const;

/** How a container of an image runs while it is watched, and what changes do to it. */
export interface WatchSpec {
  readonly up: boolean;
  /** Undefined: the image's own. */
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDir?: string;
  readonly network: 'default' | 'host' | 'none';
  readonly stopSignal?: string;
  /** Milliseconds. */
  readonly stopGrace?: number;
  readonly dependsOn: readonly Dependency[];
  readonly restart: RestartSpec;
  readonly ports: readonly PortSpec[];
  /** One at each target. */
  readonly volumes: readonly VolumeSpec[];
  readonly actions: readonly ActionSpec[];
}

/** What an image's container waits for before it starts for the first time. */
export interface Dependency {
  readonly id: string;
  readonly until: 'started' | 'completed';
}

/** When a process that ended by itself is started again; at most so often, where that is said. */
export type RestartSpec = { readonly when: 'never' | 'always' } | { readonly when: 'failed'; readonly most?: number };

/** A port of a container that is reached from outside. */
export interface PortSpec {
  /** As it is written; of a range, its own part. */
  readonly text: string;
  readonly target: number;
  /** The number outside; any where it is left out. */
  readonly published?: number;
  /** Of this machine; all unless said. */
  readonly address?: string;
  readonly protocol: 'tcp' | 'udp';
}

/** What a container has at `target`, absolute and as short as it can be. */
export type VolumeSpec = { readonly target: string } &
  /** An absolute path of this machine; `create` makes a folder where there is nothing. */
  (
    | { readonly kind: 'bind'; readonly source: string; readonly readonly: boolean; readonly create: boolean }
    /** One that stays, by its name; without one it goes with the container. */
    | {
        readonly kind: 'volume';
        readonly name?: string;
        readonly readonly: boolean;
        /** Whether an empty one gets what the image has there. */
        readonly populate: boolean;
        readonly subpath?: string;
      }
    /** Bytes, and permission bits. */
    | { readonly kind: 'tmpfs'; readonly size?: number; readonly mode?: number }
  );

export interface ActionSpec {
  readonly action: (typeof watchActions)[number];
  /** Absolute. */
  readonly path: string;
  /** Absolute, in the container. */
  readonly target?: string;
  readonly ignore: readonly string[];
  readonly include: readonly string[];
  readonly initialSync: boolean;
  readonly exec?: ExecSpec;
}

export interface ExecSpec {
  readonly command: readonly string[];
  readonly user?: string;
  readonly privileged: boolean;
  readonly workingDir?: string;
  readonly environment: Readonly<Record<string, string>>;
}

export type Origin =
  | { readonly kind: 'config'; readonly path: KeyPath }
  /** As it was written: `api.args.VERSION=2`. */
  | { readonly kind: 'set'; readonly text: string }
  /** The Dockerfile that was found. */
  | { readonly kind: 'discovered'; readonly file: string }
  /** A bake or compose file. */
  | { readonly kind: 'source'; readonly place: Place }
  | { readonly kind: 'env'; readonly name: string };
