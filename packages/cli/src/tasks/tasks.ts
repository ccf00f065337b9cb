import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResolvedTarget, WatchSpec } from '@monokit/config';
import type { Continue, EngineOptions, MemoryShare, RegistryHosts, Offer, Task } from '@monokit/engine';
import type { Invocation } from '../command.ts';
import type { imageFlags, workFlags } from '../flags/build.ts';
import type { Given } from '../flags/flags.ts';
import { isNarrowed, type cacheDirFlag } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import { configState } from './config-state.ts';
import { folderRequest } from './folder.ts';

/** What a run may do, and the files that it leaves. */
type NotOfTasks = 'continue' | 'timeout' | 'summary' | 'code-quality' | 'metadata-file' | 'iidfile';

/** What is asked of the images; what a whole run may do is not theirs to know. */
export type BuildInvocation = Invocation<typeof imageFlags & Omit<typeof workFlags, NotOfTasks>> & {
  readonly flags: Partial<Pick<Given<typeof workFlags>, 'iidfile' | 'metadata-file'>>;
};

/** What is to be built, and what the workspace says of how. */
export interface Chosen {
  readonly tasks: readonly Task[];
  /** Ids of the tasks that the command line means; these depend on the others. */
  readonly meant: ReadonlySet<string>;
  /** The other images of the workspace, for those that are built from them. */
  readonly offers: readonly Offer[];
  /** Folder that the Dockerfile's name is relative to, by image. */
  readonly folderOf: ReadonlyMap<string, string>;
  readonly settings: EngineSettings;
  /** What to ask of all of them in place of building them, as `--call` has it, where their bake file says so. */
  readonly asks?: string;
  /**
   * Files and folders (there or not) that decide all this together with the command line and the environment; undefined
   * if files don't tell.
   */
  readonly seen: () => readonly string[] | undefined;
  /** Those of them that are known, where others may decide it, too. */
  readonly known: readonly string[];
  /** A folder of this run's own, where one was needed: what lies in it is decided by what was seen. */
  readonly scratch?: () => string | undefined;
  /** The workspace's; the folder's own where one is built. */
  readonly root: string;
  /** The workspace's configuration, absolute. */
  readonly file?: string;
  /** The folder that records of runs are kept for: the workspace's root, or where somebody was who built a folder. */
  readonly runsRoot: string;
  /** What the config, or a compose service, says of watching an image, where it says something. */
  readonly watched: ReadonlyMap<string, Watched>;
}

export interface Watched {
  readonly spec?: WatchSpec;
  /** Of its compose service. */
  readonly service?: NonNullable<ResolvedTarget['sourced']>['service'];
}

/** What the config says of the engine and the run; flags go before it. */
export interface EngineSettings {
  readonly cacheDir?: string;
  readonly concurrency?: string;
  readonly continue: Continue;
  readonly memory?: MemoryShare;
  readonly registries?: EngineOptions['registries'];
  /** What the cache is kept to after a build: bytes, and milliseconds since last use. */
  readonly keep?: { readonly storage?: number; readonly duration?: number };
}

/** The images that the command line means: a plain folder's, or a selection of the workspace's. */
export async function chosenTasks(
  invocation: BuildInvocation,
  scope: AsyncDisposableStack,
  folder: string | undefined,
): Promise<Chosen> {
  const chosen =
    folder === undefined
      ? (await import('./workspace-tasks.ts')).workspaceTasks(invocation, scope)
      : folderTask(invocation, scope, folder);
  if (invocation.flags.retries === undefined) return chosen;
  return (await import('./run-policy.ts')).withRetries(await chosen, invocation.flags);
}

async function folderTask(invocation: BuildInvocation, scope: AsyncDisposableStack, folder: string): Promise<Chosen> {
  const { cwd, env, stdin, stdout, flags } = invocation;
  if (isNarrowed(invocation)) {
    throw new Mistake('--filter and --affected choose images of a workspace', `leave ${folder} out`);
  }
  let scratch: Promise<string> | undefined;
  const makeScratch = async () => {
    const made = await mkdtemp(join(tmpdir(), 'monokit-'));
    scope.defer(() => rm(made, { recursive: true, force: true }));
    return made;
  };
  const { request, lent } = await folderRequest(folder, flags, {
    cwd,
    env,
    stdin,
    stdout,
    scratch: () => (scratch ??= makeScratch()),
  });
  const { openSession } = await import('@monokit/engine/session');
  const session = scope.use(openSession(lent));
  const dockerfile = lent.folders?.['dockerfile']?.root;
  const folders = Object.values(lent.folders ?? {}).map(({ root }) => root);
  const stores = lent.stores ?? {};
  const looked: ConfigLook = { seen: [] };
  return {
    root: folders[0] ?? cwd,
    runsRoot: cwd,
    tasks: [{ request: { ...request, session }, names: [] }],
    meant: new Set([request.id]),
    offers: [],
    folderOf: new Map(dockerfile === undefined ? [] : [[request.id, dockerfile]]),
    watched: new Map(),
    known: [],
    settings: { continue: 'never', registries: () => registriesHere(invocation, looked) },
    // What the config says of registries is looked at only if one is asked.
    seen: () => {
      const lent = [...folders, ...Object.values(stores)].flatMap((path) => [path, join(path, 'index.json')]);
      return looked.seen && [...lent, ...looked.seen];
    },
  };
}

/** What was looked at of a config; undefined if files don't tell. */
interface ConfigLook {
  seen: readonly string[] | undefined;
}

/** How the config that rules this folder says that registries are reached; nothing where there is none. */
export async function registriesHere(
  { cwd, env, stderr, flags }: Pick<Invocation<typeof cacheDirFlag>, 'cwd' | 'env' | 'stderr' | 'flags'>,
  looked: ConfigLook = { seen: [] },
): Promise<RegistryHosts> {
  const [{ loadConfig, settingsOf }, { diagnosticsText }] = await Promise.all([
    import('@monokit/config'),
    import('../ui/diagnostics.ts'),
  ]);
  const { loaded, diagnostics } = await loadConfig({ cwd, env, state: configState({ flags, env }) });
  if (!loaded) {
    stderr.write(diagnosticsText(diagnostics, { cwd, stream: stderr }));
    throw new Mistake('the config that rules this folder is wrong, and it may say how registries are reached');
  }
  looked.seen = loaded.seen;
  // Mistakes in its other settings are no matter of this build.
  return settingsOf(loaded.config, loaded.root, () => undefined).registries;
}
