import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { familiar, parseReference } from '../oci/reference.ts';
import { Failed } from '../std/failed.ts';
import { ask, complaintOf, type DockerAnswer } from './docker-api.ts';
import { findDockerHost, type DockerHost } from './docker-host.ts';
import type { LoaderFailure } from './failure.ts';
import type { LoadableImage, Loader, Stop } from './loader.ts';

/** Into a Docker daemon, or what speaks its API, by its socket. */
export class DockerLoader implements Loader {
  readonly name = 'Docker';
  readonly #where: Parameters<typeof findDockerHost>[0];
  #host: DockerHost | undefined;

  constructor(where: Parameters<typeof findDockerHost>[0]) {
    this.#where = where;
  }

  async check({ signal }: Stop): Promise<void> {
    await drop(await this.#ask({ path: '/_ping', signal }));
  }

  async load(image: LoadableImage, { signal }: Stop): Promise<'loaded' | 'there'> {
    if (image.config === undefined) await this.#checkIndexes(signal);
    if (await this.#find(image, signal)) return 'there';
    const answer = await this.#ask({ method: 'POST', path: '/images/load?quiet=1', body: image.archive(), signal });
    if (answer.status !== 200) throw refused(await complaintOf(answer));
    // What goes wrong on the way comes as a line of the answer.
    for await (const line of createInterface(answer.body)) {
      const { error } = (line ? JSON.parse(line) : {}) as { error?: string };
      if (error !== undefined) throw refused(error);
    }
    return 'loaded';
  }

  /** Whether it has the image, which then has all names. */
  async #find({ digest, config, names }: LoadableImage, signal: AbortSignal): Promise<boolean> {
    // Where images are containerd's, the manifest's digest is their id; else the config's.
    for (const id of config === undefined ? [digest] : [config, digest]) {
      const answer = await this.#ask({ path: `/images/${id}/json`, signal });
      if (answer.status !== 200) {
        await drop(answer);
        continue;
      }
      const found = (await json(answer.body)) as { Id?: string; RepoTags?: readonly string[] | null };
      if (found.Id !== id) continue;
      for (const name of names.map((full) => familiar(parseReference(full)))) {
        if (!found.RepoTags?.includes(name)) await this.#tag(id, name, signal);
      }
      return true;
    }
    return false;
  }

  async #tag(id: string, name: string, signal: AbortSignal): Promise<void> {
    const colon = name.lastIndexOf(':');
    const query = new URLSearchParams({ repo: name.slice(0, colon), tag: name.slice(colon + 1) });
    const answer = await this.#ask({ method: 'POST', path: `/images/${id}/tag?${query}`, signal });
    if (answer.status !== 201) throw refused(await complaintOf(answer));
    await drop(answer);
  }

  /** Only containerd's store keeps what is an index. */
  async #checkIndexes(signal: AbortSignal): Promise<void> {
    const info = (await json((await this.#ask({ path: '/info', signal })).body)) as { DriverStatus?: string[][] };
    const status = new Map((info.DriverStatus ?? []).map(([key = '', value = '']) => [key, value]));
    if (status.get('driver-type') === 'io.containerd.snapshotter.v1') return;
    throw refused(
      'this daemon keeps one platform of an image, and no attestations; build for one platform and without, ' +
        'or turn its containerd image store on',
    );
  }

  #ask(request: Parameters<typeof ask>[1]): Promise<DockerAnswer> {
    return ask((this.#host ??= findDockerHost(this.#where)), request);
  }
}

/** Reads an answer that says nothing of interest. */
async function drop({ body }: DockerAnswer): Promise<void> {
  for await (const _ of body);
}

function refused(reason: string): Failed<LoaderFailure> {
  return new Failed<LoaderFailure>({
    kind: 'loader-refused',
    loader: 'Docker',
    message: `Docker did not take the image: ${reason.trim()}`,
  });
}
