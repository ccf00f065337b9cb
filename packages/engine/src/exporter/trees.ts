import { Failed } from '../std/failed.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { Job } from '../session/job.ts';
import { Attrs, wrongOption } from './attrs.ts';
import { epochOf, readCreated, type CreatedTime } from './epoch.ts';
import type { ExportInput } from './exporter.ts';
import type { ExportFailure } from './failure.ts';

/** What exporters of files understand (EXP-004). */
export interface TreeOptions {
  readonly created: CreatedTime | undefined;
  /** A folder for each platform; the default is yes for several. */
  readonly platformSplit: boolean | undefined;
}

export function readTreeOptions(attrs: Attrs): TreeOptions {
  const created = readCreated(attrs);
  if (created?.kind === 'now')
    throw wrongOption('created', 'created=now: files keep their times unless there is an epoch');
  if (attrs.text('attestation-prefix') !== undefined) {
    throw wrongOption('attestation-prefix', 'attestation-prefix: attestations are not made yet');
  }
  return { created, platformSplit: attrs.flag('platform-split') };
}

/** One platform's files, mounted. */
export interface ExportTree {
  /** Absolute path of its root. */
  readonly root: string;
  /** `linux_amd64`, or '' where its files lie at the top. */
  readonly prefix: string;
  readonly platform: string;
  /** All times, Unix seconds; undefined keeps them. */
  readonly epoch: number | undefined;
}

/** The trees of what was built, mounted until disposed. */
export async function mountTrees(
  { images, multiPlatform }: ExportInput,
  { created, platformSplit = multiPlatform }: TreeOptions,
  job: Job,
): Promise<AsyncDisposable & { readonly trees: readonly ExportTree[] }> {
  if (!multiPlatform && images.length > 1) {
    throw new Failed<ExportFailure>({
      kind: 'export-result',
      message: 'unable to export multiple platforms without map',
    });
  }
  await using mounts = new AsyncDisposableStack();
  const trees: ExportTree[] = [];
  for (const { ref, platform, epoch } of images) {
    const mounted = mounts.use(await ref.mount(job));
    const name = formatPlatform(platform);
    trees.push({
      root: mounted.path,
      prefix: platformSplit ? name.replaceAll('/', '_') : '',
      platform: name,
      epoch: epochOf(created, epoch),
    });
  }
  const held = mounts.move();
  return { trees, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Notices when two platforms have the same file where they share a folder. */
export class SharedPaths {
  readonly #owners = new Map<string, string>();

  claim(path: string, { platform }: Pick<ExportTree, 'platform'>): void {
    const owner = this.#owners.get(path);
    if (owner !== undefined) {
      const message = `cannot overwrite ${path} from ${owner} with ${platform} when split option is disabled`;
      throw new Failed<ExportFailure>({ kind: 'export-result', message });
    }
    this.#owners.set(path, platform);
  }
}
