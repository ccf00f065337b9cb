// What people write in buildkit.config.*: types alone. The names of an image's keys are bake's in camelCase.

import type { Definition } from '@monokit/engine';

/** A whole configuration. */
export interface Config {
  /** Where an editor finds this schema; nothing else reads it. */
  readonly $schema?: string;
  /** Images by id. An id that begins with `_` is a template: others inherit from it, nothing builds it. */
  readonly images?: Readonly<Record<string, Image>>;
  /** What every image starts from. Maps merge with an image's own, lists and single values are replaced. */
  readonly defaults?: Image;
  /** Names for several images: ids, globs and other groups. `default` is what a bare `build` builds. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Variables for `${NAME}` in strings: from `--var`, else the environment where `env` names one, else `default`. */
  readonly vars?: Readonly<Record<string, Variable | VariableValue>>;
  /** Finds images by their Dockerfiles. On by itself where there are no `images`. */
  readonly discover?: boolean | Discover;
  /** Bake and compose files whose targets are images too: paths from the root, merged in order. */
  readonly sources?: readonly string[];
  /** How to reach registries, by host. */
  readonly registries?: Readonly<Record<string, Registry>>;
  readonly run?: Run;
  readonly cache?: Cache;
  /** What `cli release` does. */
  readonly release?: Release;
  /**
   * Files (or globs) that a configuration written as a program reads while it is evaluated. With them its result is
   * cached until one of them changes; without them a configuration that reads files is evaluated each time.
   */
  readonly inputs?: readonly string[];
}

/** One image. All paths are relative to the workspace's root. */
export interface Image {
  readonly description?: string;
  /** Words that `--filter tag:WORD` finds it by. */
  readonly selectors?: string | readonly string[];
  /** Other images, merged in order below this one's own keys. */
  readonly inherits?: string | readonly string[];
  /** A folder, or the URL of a git repository or archive. `.` unless said. */
  readonly context?: string;
  /** Relative to the context. `Dockerfile` unless said. */
  readonly dockerfile?: string;
  /** The Dockerfile's text itself. `${…}` in it is the Dockerfile's. */
  readonly dockerfileInline?: string;
  /** An image written in TypeScript with the engine's `State`, in place of a Dockerfile. */
  readonly define?: Defined | ((scope: DefineScope) => Defined | Promise<Defined>);
  /** The stage to build. */
  readonly target?: string;
  /** Build arguments; `null` takes the environment's value of that name, if it has one. */
  readonly args?: Readonly<Record<string, string | number | boolean | null>>;
  /** Named contexts: a folder, a URL, `target:id`, `docker-image://ref`, `oci-layout://folder[:tag][@digest]`. */
  readonly contexts?: Readonly<Record<string, string>>;
  /** Images that are built before this one. */
  readonly dependsOn?: string | readonly string[];
  /** One image for each combination: lists by key, with `include` and `exclude` as GitHub's matrices have them. */
  readonly matrix?: Matrix;
  /** The id of one of the matrix's images, e.g. `worker-${queue}`. The values joined with `-` unless said. */
  readonly name?: string;
  readonly platforms?: string | readonly string[];
  readonly tags?: string | readonly string[];
  readonly labels?: Readonly<Record<string, string | number | boolean>>;
  /** Of the image's manifest, or where the prefix says so of the index or a descriptor: `index:key`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** `type=oci,dest=app.tar` or the same as an object, one or several. */
  readonly output?: OneOrMany<string | Output>;
  /** What is said of the image beside it: `type=provenance,mode=max`, `type=sbom`, or the same as an object. */
  readonly attest?: OneOrMany<string | Attest>;
  readonly cacheFrom?: OneOrMany<string | CacheEntry>;
  readonly cacheTo?: OneOrMany<string | CacheEntry>;
  /** Runs every step again. */
  readonly noCache?: boolean;
  /** Stages whose steps run again. */
  readonly noCacheFilter?: string | readonly string[];
  /** Asks registries for base images even if the cache knows them. */
  readonly pull?: boolean;
  readonly network?: NetworkMode;
  /** `id=npm,src=.npmrc`, `id=token,env=TOKEN`, or the same as an object. */
  readonly secrets?: OneOrMany<string | Secret>;
  /** `default`, `id=path`, or the same as an object. */
  readonly ssh?: OneOrMany<string | Ssh>;
  /** Lines for /etc/hosts: name to address. */
  readonly extraHosts?: Readonly<Record<string, string>>;
  /** /dev/shm: bytes, or `64m`. */
  readonly shmSize?: string | number;
  /** `{ nofile: 1024 }` or `{ nofile: '1024:2048' }` (soft:hard). */
  readonly ulimits?: Readonly<Record<string, string | number>>;
  readonly entitlements?: string | readonly string[];
  /** What each RUN step may take, and what is set aside for it while it runs. */
  readonly resources?: Resources;
  /** Steps of images with a higher one run first; 0 unless said. */
  readonly priority?: number | string;
  /** For how long the image's steps may run, all in all: seconds, or `10m`. */
  readonly timeout?: number | string;
  /** How often a RUN step that failed is run again; 0 unless said. */
  readonly retries?: number | string;
  /**
   * Same content, same digest, anywhere: file times capped at the epoch, modes of the context as git knows them, and
   * provenance that says so.
   */
  readonly reproducible?: boolean;
  /** The image's creation time: `epoch` (SOURCE_DATE_EPOCH, else 1970-01-01) unless `now`. */
  readonly created?: 'epoch' | 'now';
  /** Unix seconds, or `context`. The environment's SOURCE_DATE_EPOCH unless said. */
  readonly sourceDateEpoch?: number | string;
  /** What `cli watch` does with it beside building it. */
  readonly watch?: ImageWatch;
}

/** How `watch --up` runs a container of an image, and what changes do to it. Keys are those of a compose service. */
export interface ImageWatch {
  /** Whether `--up` starts a container of it; it does unless this is false. */
  readonly up?: boolean;
  /** In place of the image's own. A text is split into words. */
  readonly entrypoint?: string | readonly string[];
  readonly command?: string | readonly string[];
  /** Over the image's own; `null` takes the value of that name from the environment around. */
  readonly environment?: Readonly<Record<string, string | number | boolean | null>>;
  readonly user?: string;
  readonly workingDir?: string;
  /** `default` is what RUN steps have: the machine's own, unless `--network-mode` says otherwise. */
  readonly network?: 'default' | 'host' | 'none';
  readonly stopSignal?: string;
  /** How long it may take to end before it is killed: seconds, or `1m30s`. 10 s unless said. */
  readonly stopGracePeriod?: string | number;
  /**
   * Images whose containers are there before it starts for the first time: a list, or each with a `condition`,
   * `service_started` or `service_completed_successfully`.
   */
  readonly dependsOn?: readonly string[] | Readonly<Record<string, WatchDependency>>;
  /** When its process is started again that ended by itself: `no` (the default), `always`, `on-failure`, `on-failure:3`. */
  readonly restart?: string;
  /** Ports that are reached from outside, as `8080:80` or `127.0.0.1:8080:80`. */
  readonly ports?: OneOrMany<string | number | WatchPort>;
  /**
   * Folders in place of the image's: `./src:/app/src:ro` is one of the workspace, `data:/var/lib/data` one that stays
   * under that name, `/app/node_modules` one that goes with the container. An empty volume gets what the image has there.
   */
  readonly volumes?: OneOrMany<string | WatchVolume>;
  /** Folders in memory: `/run`, `/tmp:size=64m,mode=1777`. */
  readonly tmpfs?: OneOrMany<string>;
  /** What a change does, by the rules and keys of compose's `develop.watch`. */
  readonly actions?: readonly WatchAction[];
}

export interface WatchDependency {
  readonly condition?: 'service_started' | 'service_completed_successfully';
}

/** A port by the keys of compose's long form. */
export interface WatchPort {
  /** Where the container listens. */
  readonly target: number | string;
  /** The number outside; any that is free unless said. */
  readonly published?: number | string;
  /** An address of this machine; all unless said. */
  readonly host_ip?: string;
  readonly protocol?: 'tcp' | 'udp';
}

/** A volume by the keys of compose's long form. */
export interface WatchVolume {
  readonly type: 'bind' | 'volume' | 'tmpfs';
  /** A path relative to the workspace's root, or a volume's name. */
  readonly source?: string;
  /** Where it is in the container. */
  readonly target: string;
  readonly read_only?: boolean;
  readonly bind?: {
    /** Whether a folder is made where `source` is nothing; it is unless this is false. */
    readonly create_host_path?: boolean;
  };
  readonly volume?: {
    /** Whether an empty one stays empty. */
    readonly nocopy?: boolean;
    /** A folder in it that is seen in place of all. */
    readonly subpath?: string;
  };
  readonly tmpfs?: {
    /** Bytes, or `64m`. */
    readonly size?: string | number;
    /** Permission bits, as `0o1777` or `"1777"`. */
    readonly mode?: string | number;
  };
}

export interface WatchAction {
  readonly action: 'rebuild' | 'restart' | 'sync' | 'sync+restart' | 'sync+exec';
  /** A file or folder, relative to the workspace's root. */
  readonly path: string;
  /** Where it goes in the container. Left out, it is where the Dockerfile copies it to, if that is certain. */
  readonly target?: string;
  /** Patterns as in .dockerignore, relative to `path`, over those that the build ignores. */
  readonly ignore?: OneOrMany<string>;
  /** Patterns of what alone counts. */
  readonly include?: OneOrMany<string>;
  /** Whether all of `path` is synced when a container starts. */
  readonly initialSync?: boolean;
  readonly initial_sync?: boolean;
  /** Of `sync+exec`: what runs in the container afterwards. */
  readonly exec?: WatchExec;
}

export interface WatchExec {
  readonly command: string | readonly string[];
  readonly user?: string;
  /** With all that the engine may do; takes `entitlements: ['security.insecure']`. */
  readonly privileged?: boolean;
  readonly working_dir?: string;
  readonly environment?: Readonly<Record<string, string | number | boolean | null>> | readonly string[];
}

/** Limits of a step, as `docker run` has them; `cpus` and `memory` are also what the scheduler counts with. */
export interface Resources {
  /** Processors, whole or in part. */
  readonly cpus?: number | string;
  /** Bytes, or `4GiB`. */
  readonly memory?: number | string;
  /** Memory and swap together; -1 is unlimited swap. */
  readonly memorySwap?: number | string;
  readonly cpuShares?: number | string;
  /** Microseconds. */
  readonly cpuPeriod?: number | string;
  /** Microseconds. */
  readonly cpuQuota?: number | string;
  /** As in `0-3,7`. */
  readonly cpusetCpus?: number | string;
  readonly cpusetMems?: number | string;
}

export type OneOrMany<T> = T | readonly T[];

/** What `define` gives: LLB made with the engine's `State`, and what the image config says beside it. */
export type Defined = Marshals | { readonly state: Marshals; readonly config?: DefinedConfig };

/** Anything that marshals to LLB: the engine's `State`. */
export interface Marshals {
  marshal(options?: { readonly platform?: DefineScope['platform'] }): Definition | Promise<Definition>;
}

/** The image config of a defined image, by OCI's names. */
export interface DefinedConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, Record<string, never>>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

/** What a `define` function is told. */
export interface DefineScope {
  readonly id: string;
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly args: Readonly<Record<string, string>>;
  readonly target?: string;
}

export type NetworkMode = 'default' | 'host' | 'none' | 'sandbox';

export interface Output {
  readonly type: string;
  readonly dest?: string;
  readonly [attribute: string]: string | number | boolean | undefined;
}

export interface Attest {
  readonly type: 'provenance' | 'sbom';
  /** Takes back what is said elsewhere. */
  readonly disabled?: boolean;
  readonly [attribute: string]: string | number | boolean | undefined;
}

export interface CacheEntry {
  readonly type: string;
  readonly [attribute: string]: string | number | boolean | undefined;
}

export interface Secret {
  readonly id: string;
  readonly src?: string;
  readonly env?: string;
}

export interface Ssh {
  readonly id: string;
  readonly paths?: readonly string[];
}

export type MatrixValue = string | number | boolean | Readonly<Record<string, string | number | boolean>>;
export type MatrixCell = Readonly<Record<string, MatrixValue>>;

export interface Matrix {
  readonly include?: readonly MatrixCell[];
  readonly exclude?: readonly MatrixCell[];
  readonly [key: string]: readonly MatrixValue[] | readonly MatrixCell[] | undefined;
}

export type VariableValue = string | number | boolean;

/** A variable of the configuration. */
export interface Variable {
  readonly default?: VariableValue | readonly VariableValue[];
  /** What a text from `--var` or the environment is read as. The default's own type unless said. A list is CSV. */
  readonly type?: 'string' | 'number' | 'boolean' | 'list';
  readonly description?: string;
  /** The environment variable to read; `true` for the one of the same name. */
  readonly env?: string | boolean;
  /** A regular expression that the whole text has to match, or a list of what it may be. */
  readonly validate?: string | readonly VariableValue[];
}

export interface Discover {
  /** Globs from the root. Dockerfile, *.Dockerfile, Dockerfile.* and Containerfile anywhere unless said. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** The build context: the folder of the Dockerfile (`project`, the default), or the workspace's root. */
  readonly context?: 'project' | 'root';
  /** How ids are made: `{dir}` is the Dockerfile's folder, `{parent}` the one above, `{path}` all joined with `-`. */
  readonly name?: string;
}

export interface Registry {
  /** Asked first, in order: a URL or host, or the folder of an OCI layout. */
  readonly mirrors?: readonly string[];
  /** Plain HTTP. Loopback hosts are reached so anyway, unless they have a `ca`. */
  readonly http?: boolean;
  /** PEM files of authorities that count beyond the system's. */
  readonly ca?: string | readonly string[];
  /** Takes any certificate, and plain HTTP where there is no TLS. */
  readonly insecure?: boolean;
  /** Uploads blobs in pieces of this size (`50MB`, or bytes), for proxies that limit a request. */
  readonly chunkSize?: number | string;
}

export interface Run {
  /** Steps at once: a number, or a share of the processors such as `50%`. */
  readonly concurrency?: number | string;
  /**
   * What is still built after a failure: nothing (`never`), what doesn't depend on it (`dependencies-successful`), or also
   * what only waits for it by `dependsOn` (`always`). `true` is `always`, `false` is `never`.
   */
  readonly continue?: 'never' | 'dependencies-successful' | 'always' | boolean;
  /** What RUN steps may take of the memory together: bytes, `4GiB`, or a share of what is available such as `80%`. */
  readonly memory?: number | string;
  /** The network of RUN steps where an image says nothing. */
  readonly network?: NetworkMode;
}

export interface Cache {
  readonly dir?: string;
  /** Bytes, or `20GB`. */
  readonly maxSize?: string | number;
  /** Seconds, or `30d`. */
  readonly maxAge?: string | number;
}

/** Tags and flavors are written as docker/metadata-action has them. */
export interface Release {
  /** Images to release, as on the command line. The group `default`, else all of them. */
  readonly images?: string | readonly string[];
  /** Where each image goes, `{id}` being its id: `ghcr.io/acme/{id}`. The repository of the image's own tags unless said. */
  readonly repository?: string;
  /** Of all images; each image's own unless said. */
  readonly platforms?: string | readonly string[];
  /** `type=semver,pattern={{version}}`, `type=ref,event=branch`, `type=sha`, … */
  readonly tags?: string | readonly string[];
  /** `latest=auto`, `prefix=…`, `suffix=…`. */
  readonly flavor?: string | readonly string[];
  /** Labels and annotations `org.opencontainers.image.*` by what git and the CI know; on unless `false`. */
  readonly labels?: boolean;
  /** Images whose inputs are those of the last release get the new tags without being built; on unless `false`. */
  readonly carryForward?: boolean;
  /** The file in which a release is told; `release.json` unless said. */
  readonly manifest?: string;
  /** A name under which the same is kept in a registry, where the next release finds it: `ghcr.io/acme/release:current`. */
  readonly artifact?: string;
}

/** What a configuration function is told. Whatever it reads here is remembered, so that its result can be cached. */
export interface ConfigScope {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether `CI` is set (and not `false`). */
  readonly ci: boolean;
  readonly git: Git;
  /** The values of the variables that the module exports as `vars`. Others throw. */
  readonly vars: Readonly<Record<string, VariableValue | readonly VariableValue[]>>;
}

/** The repository that the configuration lies in; fields are undefined outside of one. */
export interface Git {
  readonly root: string | undefined;
  readonly commit: string | undefined;
  readonly branch: string | undefined;
}

export type ConfigExport = Config | ((scope: ConfigScope) => Config | Promise<Config>);
