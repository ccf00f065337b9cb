// A grown workspace in a git repository, asked and built by the command line in this process.

import { execFileSync } from 'node:child_process';
import { runInProcess, type Asked } from '../rig/in-process.ts';
import { Random } from '../rig/random.ts';
import { Rig } from '../rig/rig.ts';
import { GrownWorkspace } from './workspace.ts';

export interface Built {
  /** Digests of the images that could be built, by id. */
  readonly digests: ReadonlyMap<string, string>;
  /** Digests of steps that ran. */
  readonly ran: ReadonlySet<string>;
  /** Digests of those that were found, and did not run. */
  readonly cached: ReadonlySet<string>;
  /** Of steps, by digest. */
  readonly names: ReadonlyMap<string, string>;
  readonly failed: boolean;
}

export interface Planned {
  readonly steps: readonly {
    readonly digest: string;
    readonly name: string;
    readonly outlook: 'run' | 'unknown' | 'cached' | 'needless';
  }[];
}

type Line = Readonly<Record<string, unknown>>;

export class Repository implements AsyncDisposable {
  readonly rig: Rig;
  readonly workspace: GrownWorkspace;
  #cacheDir: string;

  static async open(seed: number): Promise<Repository> {
    const rig = await Rig.open();
    const repository = new Repository(rig, new GrownWorkspace(rig.dir, new Random(seed)));
    repository.git('init', '-q', '-b', 'main');
    repository.commit();
    return repository;
  }

  private constructor(rig: Rig, workspace: GrownWorkspace) {
    this.rig = rig;
    this.workspace = workspace;
    this.#cacheDir = rig.cacheDir;
  }

  /** From now on the cache is an empty one. */
  forget(): void {
    this.#cacheDir = `${this.#cacheDir}-next`;
  }

  git(...args: string[]): string {
    const author = ['-c', 'user.email=a@example.com', '-c', 'user.name=a'];
    return execFileSync('git', [...author, ...args], { cwd: this.rig.dir, encoding: 'utf8' });
  }

  commit(): void {
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', 'change');
  }

  run(args: readonly string[]): Promise<Asked> {
    return runInProcess(args, { cwd: this.rig.dir, env: { MONOKIT_CACHE_DIR: this.#cacheDir } });
  }

  /** Causes by id; undefined where the workspace is broken. */
  async affected(...args: string[]): Promise<ReadonlyMap<string, string> | undefined> {
    const { code, stdout } = await this.run(['affected', '--json', ...args]);
    if (code !== 0) return undefined;
    const { affected } = JSON.parse(stdout) as { affected: { id: string; cause: string }[] };
    return new Map(affected.map(({ id, cause }) => [id, cause]));
  }

  async plan(...flags: string[]): Promise<Planned | undefined> {
    const { code, stdout } = await this.run(['plan', 'all', '--json', ...flags]);
    return code === 0 ? (JSON.parse(stdout) as Planned) : undefined;
  }

  /** What the next build would run for, by name: files and others. */
  async why(): Promise<readonly string[]> {
    const { code, stdout } = await this.run(['why', 'all', '--next', '--json']);
    if (code !== 0) return [];
    const { images } = JSON.parse(stdout) as {
      images: readonly { readonly platforms?: readonly { readonly causes: readonly { readonly what: string }[] }[] }[];
    };
    return images.flatMap(({ platforms = [] }) => platforms.flatMap(({ causes }) => causes.map(({ what }) => what)));
  }

  /** Builds all that can be built. */
  async build(...flags: string[]): Promise<Built> {
    const { code, stdout } = await this.run(['build', 'all', '--json', '--continue=always', ...flags]);
    const lines = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
    const stepsThat = (type: string, status?: string) =>
      new Set(
        lines.filter((line) => line['type'] === type && line['status'] === status).map(({ step }) => step as string),
      );
    const ran = stepsThat('step.end', 'done');
    return {
      digests: new Map(
        lines.flatMap(({ type, image, digest }) =>
          type === 'image.end' && digest !== undefined ? [[image as string, digest as string] as const] : [],
        ),
      ),
      ran,
      // An image that waits for another finds what that one ran.
      cached: stepsThat('cache.hit').difference(ran),
      names: new Map(
        lines
          .flatMap((line) => (line['type'] === 'plan' ? (line['steps'] as readonly Line[]) : [line]))
          .flatMap(({ step, name }) => (typeof name === 'string' ? [[step as string, name] as const] : [])),
      ),
      failed: code !== 0,
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.rig[Symbol.asyncDispose]();
  }
}
