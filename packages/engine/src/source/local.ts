// `local://`: a folder that the client lends. Its tree is read where it lies, and only what is asked for; it is copied
// into a snapshot when a container mounts it.
import { posix } from 'node:path';
import { digestOf } from '../oci/digest.ts';
import { goJson } from '../std/go-json.ts';
import { Failed } from '../std/failed.ts';
import type { Cache } from '../cache/api.ts';
import type { Pool } from '../pool/pool.ts';
import type { Job } from '../session/job.ts';
import type { LocalFolder } from '../session/session.ts';
import { LocalRef } from './local/ref.ts';
import type { StatIndex } from './local/stat-index.ts';
import { LocalTree } from './local/tree.ts';
import type { LocalFailure } from './local/failure.ts';
import type { ContextModes } from './local/modes.ts';
import type { LookedAt } from './looked-at.ts';
import type { Pinned, Source, SourceRequest } from './source.ts';

export interface LocalSourceOptions {
  readonly cache: Cache;
  readonly index: StatIndex;
  readonly pool: Pool;
  readonly lookedAt?: LookedAt;
}

export class LocalSource implements Source {
  readonly schemes = ['local'];
  readonly #options: LocalSourceOptions;

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
    const tree = new LocalTree(folder.root, patterns, this.#options);
    this.#options.lookedAt?.tree(tree);
    return new LocalRef(tree, { ...this.#options, name });
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
