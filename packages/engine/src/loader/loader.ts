// Takes images into a container engine of this machine, as `docker load` does.

import type { Digest } from '../oci/digest.ts';

export interface Loader {
  /** For people. */
  readonly name: string;
  /** Throws `Failed<LoaderFailure>` if it can't be reached: asked before anything is built. */
  check(work: Stop): Promise<void>;
  /** Loads the image, unless it is there; then it gets the names that it lacks. Throws `Failed<LoaderFailure>`. */
  load(image: LoadableImage, work: Stop): Promise<'loaded' | 'there'>;
}

export interface Stop {
  readonly signal: AbortSignal;
}

export interface LoadableImage {
  /** Of the manifest or index. */
  readonly digest: Digest;
  /** Of the config, by which many engines know an image; undefined for an index. */
  readonly config?: Digest | undefined;
  /** Full names with tags. */
  readonly names: readonly string[];
  /** A tar that is both an OCI layout and, for one platform, what Docker itself saves. */
  archive(): AsyncIterable<Uint8Array>;
}

/**
 * The loader that an output `type=docker` without a file means: `into` names the engine, Docker if it is left out, and
 * `context` a docker context in place of the chosen one. Nothing is looked for yet. Throws a `TypeError`.
 */
export async function readLoader(
  { into = 'docker', context, ...attrs }: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly loader: Loader; readonly attrs: Readonly<Record<string, string>> }> {
  if (context !== undefined && into !== 'docker') throw new TypeError('context names a docker context: into=docker');
  switch (into) {
    case 'docker': {
      const { DockerLoader } = await import('./docker.ts');
      return { loader: new DockerLoader({ env, ...(context !== undefined && { context }) }), attrs };
    }
    case 'podman':
      return { loader: new (await import('./podman.ts')).PodmanLoader(env), attrs };
    case 'containerd':
      return { loader: new (await import('./containerd.ts')).ContainerdLoader(env), attrs };
    default:
      throw new TypeError(`images can't be loaded into ${into}: write docker, podman or containerd`);
  }
}
