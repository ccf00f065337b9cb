// `local://`: a folder that the client lends. Its tree is read where it lies, and only what is asked for; it is copied
// into a snapshot when a container mounts it.

import { posix } from 'node:path';
import type { Cache } from '../cache/api.ts';
import { digestOf } from '../oci/digest.ts';
import type { Pool } from '../pool/pool.ts';
import type { Job } from '../session/job.ts';
import type { LocalFolder } from '../session/session.ts';
import { Failed } from '../std/failed.ts';
import { goJson } from '../std/go-json.ts';
import type { LocalFailure } from './local/failure.ts';
import { ContextMemory } from './local/memory.ts';
import type { ContextModes } from './local/modes.ts';
import { LocalRef } from './local/ref.ts';
import type { StatIndex } from './local/stat-index.ts';
import { LocalTree, type Listing } from './local/tree.ts';
import type { LookedAt } from './looked-at.ts';
import type { Pinned, Source, SourceRequest } from './source.ts';

export interface LocalSourceOptions {
  readonly cache: Cache;
  readonly index: StatIndex;
  readonly pool: Pool;
  readonly lookedAt?: LookedAt;
  /** The clock of the machine whose files these are, in milliseconds since the epoch. */
  readonly now?: () => number;
}

export class LocalSource implements Source {
  readonly schemes = ['local'];
  readonly #options: LocalSourceOptions;
  readonly #memories = new Map<string, ContextMemory>();
  /** Folders whose trees somebody holds: each is walked once for all of them. */
  readonly #held = new Map<LocalFolder, { readonly listing: Listing; holds: number }>();

  constructor(options: LocalSourceOptions) {
    this.#options = options;
  }

  async pin(request: SourceRequest, { session }: Job): Promise<Pinned> {
    const wanted = readAttributes(request);
    const folder = session.folder(request.name);
    if (!folder) {
      const message = `no folder ${JSON.stringify(request.name)} was given to this build`;
      throw new Failed<LocalFailure>({ kind: 'folder-not-lent', name: request.name, message });
    }
    const digest = digestOf(
      goJson({
        SessionID: session.id,
        IncludePatterns: wanted.include ?? null,
        ExcludePatterns: wanted.exclude ?? null,
        FollowPaths: wanted.followPaths ?? null,
      }),
    );
    // One walk, however often the tree is asked for.
    let ref: LocalRef | undefined;
    return {
      pin: digest,
      keys: [{ key: `session:${request.name}:${digest}`, session: true }],
      tree: async () => (ref = ref?.clone() ?? this.#open(folder, wanted, posix.basename(request.name))),
    };
  }

  #open(folder: LocalFolder, { include = [], exclude = [], followPaths }: Wanted, name: string): LocalRef {
    const modes: ContextModes = folder.modes ?? 'kept';
    const patterns = { include, exclude, modes, ...(followPaths && { followPaths }) };
    const held = this.#held.get(folder) ?? { listing: new Map(), holds: 0 };
    const { listing } = held;
    const tree = new LocalTree(folder.root, patterns, {
      ...this.#options,
      memory: (path) => this.#memory(path),
      listing,
    });
    this.#options.lookedAt?.tree(tree);
    this.#held.set(folder, held);
    held.holds++;
    const released = () => {
      if (--held.holds === 0) this.#held.delete(folder);
    };
    return new LocalRef(tree, { ...this.#options, name, released });
  }

  #memory(path: string): ContextMemory {
    let memory = this.#memories.get(path);
    if (!memory) this.#memories.set(path, (memory = new ContextMemory(this.#options.index)));
    return memory;
  }
}

/** Which part of a folder a source is (LLB's `local.*` attributes). */
interface Wanted {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly followPaths?: readonly string[] | undefined;
}

function readAttributes({ attrs }: SourceRequest): Wanted {
  if (attrs['local.metadatatransfer'] && attrs['local.metadatatransfer'] !== 'false') {
    throw attribute('local.metadatatransfer', 'is not supported: contents are always part of the tree');
  }
  return {
    include: readList(attrs, 'local.includepattern'),
    exclude: readList(attrs, 'local.excludepatterns'),
    followPaths: readList(attrs, 'local.followpaths'),
  };
}

function readList(attrs: SourceRequest['attrs'], name: string): readonly string[] | undefined {
  const text = attrs[name];
  if (text === undefined) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw attribute(name, `is not JSON: ${(cause as Error).message}`);
  }
  if (list === null) return undefined;
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  throw attribute(name, 'is not a list of strings');
}

function attribute(name: string, what: string): Failed<LocalFailure> {
  return new Failed<LocalFailure>({
    kind: 'local-attribute',
    name,
    message: `the attribute ${name} of a local source ${what}`,
  });
}
