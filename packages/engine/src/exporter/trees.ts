import { formatPlatform } from '../oci/platform.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import { Attrs, wrongOption } from './attrs.ts';
import { epochOf, readCreated, type CreatedTime } from './epoch.ts';
import type { ExportDeps, ExportInput } from './exporter.ts';
import type { ExportFailure } from './failure.ts';
import { statementFiles, type StatementFile } from './statement-files.ts';

/** What exporters of files understand (EXP-004). */
export interface TreeOptions {
  readonly created: CreatedTime | undefined;
  /** A folder for each platform; the default is yes for several. */
  readonly platformSplit: boolean | undefined;
  /** Before the names of files that hold attestations. */
  readonly attestationPrefix: string;
}

export function readTreeOptions(attrs: Attrs): TreeOptions {
  const created = readCreated(attrs);
  if (created?.kind === 'now')
    throw wrongOption('created', 'created=now: files keep their times unless there is an epoch');
  const attestationPrefix = attrs.text('attestation-prefix') ?? '';
  if (attestationPrefix.includes('/'))
    throw wrongOption(
      'attestation-prefix',
      `attestation-prefix=${attestationPrefix} can't be the beginning of a file's name`,
    );
  return { created, platformSplit: attrs.flag('platform-split'), attestationPrefix };
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
  /** What is said of it, in files beside its own. */
  readonly statements: readonly StatementFile[];
}

/** The trees of what was built, mounted until disposed. */
export async function mountTrees(
  { images, multiPlatform }: ExportInput,
  { created, platformSplit = multiPlatform, attestationPrefix }: TreeOptions,
  { pool, ...job }: Job & Pick<ExportDeps, 'pool'>,
): Promise<AsyncDisposable & { readonly trees: readonly ExportTree[] }> {
  if (!multiPlatform && images.length > 1) {
    throw new Failed<ExportFailure>({
      kind: 'export-result',
      message: 'unable to export multiple platforms without map',
    });
  }
  await using mounts = new AsyncDisposableStack();
  const trees: ExportTree[] = [];
  for (const { ref, platform, epoch, attestations = [] } of images) {
    const mounted = mounts.use(await ref.mount(job));
    const name = formatPlatform(platform);
    const folder = name.replaceAll('/', '_');
    const statements = await statementFiles(
      attestations,
      {
        root: mounted.path,
        prefix: attestationPrefix,
        created: epochOf(created, epoch),
        ...(multiPlatform && !platformSplit && { platform: folder }),
      },
      { pool, ...job },
    );
    trees.push({
      root: mounted.path,
      prefix: platformSplit ? folder : '',
      platform: name,
      epoch: epochOf(created, epoch),
      statements,
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
