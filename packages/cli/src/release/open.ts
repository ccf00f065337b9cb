// A release as far as it can be told before anything is built.

import { resolve } from 'node:path';
import type { LocalEngine, RegistryClient } from '@monokit/engine';
import { parseReference, type Reference } from '@monokit/engine/oci/reference';
import type { Invocation } from '../command.ts';
import { Mistake } from '../mistake.ts';
import { estimatorOf } from '../recorder/estimator.ts';
import { openEngineFor } from '../tasks/open-engine.ts';
import { overridden } from '../tasks/overrides.ts';
import { withRetries } from '../tasks/run-policy.ts';
import type { Chosen, EngineSettings } from '../tasks/tasks.ts';
import { tasksOf } from '../tasks/workspace-tasks.ts';
import { engineSettingsOf, openWorkspace } from '../tasks/workspace.ts';
import { readFacts, type Facts } from './facts.ts';
import { asImageFlags, type releaseFlags } from './flags.ts';
import { ociLabels } from './labels.ts';
import { pullManifest, readManifestFile, type ReleaseManifest } from './manifest.ts';
import { planRelease, type PlannedImage } from './plan.ts';
import { defaultRules, readFlavor, readTagRule } from './tag-rules.ts';
import { tagsOf, type Tags } from './tags.ts';
import { labelled, releaseTargets } from './targets.ts';

export interface OpenRelease {
  readonly engine: LocalEngine;
  readonly client: RegistryClient;
  readonly settings: EngineSettings;
  readonly facts: Facts;
  readonly tags: Tags;
  readonly images: readonly PlannedImage[];
  /** All images of the workspace. */
  readonly ids: ReadonlySet<string>;
  readonly previous?: ReleaseManifest | undefined;
  readonly manifestPath: string;
  /** Where the manifest is kept in a registry. */
  readonly artifact?: Reference & { readonly tag: string };
  /** What is built, with this release's labels. */
  toBuild(): Promise<Chosen>;
}

/** Reads config, git and the release before, and decides for each image. */
export async function openRelease(
  invocation: Invocation<typeof releaseFlags>,
  scope: AsyncDisposableStack,
): Promise<OpenRelease> {
  const { flags, positionals, cwd, env, signal } = invocation;
  const workspace = await openWorkspace(invocation, positionals);
  const { release } = workspace.settings;
  // What the config chooses counts where the command line says nothing.
  const { selected } =
    positionals.length > 0 || release.images.length === 0 ? workspace : await openWorkspace(invocation, release.images);
  const facts = await readFacts(workspace.root, env).catch(mistaken('release'));
  const tags = readTags(release, facts);
  const artifact = artifactOf(release.artifact);

  const chosen = await overridden(selected, asImageFlags(flags), { cwd, env });
  const targets = releaseTargets(chosen, workspace.settings, { platformsGiven: flags.platform.length > 0 });
  const world = { ...invocation, flags: { 'metadata-file': undefined }, scope };
  const plain = await tasksOf(
    workspace,
    targets.map(({ target }) => target),
    world,
  );
  const settings = engineSettingsOf(workspace, env);
  const estimate = estimatorOf(plain, invocation);
  const engine = scope.use(await openEngineFor(flags, env, settings, { estimate }));
  const client = await engine.registry(plain.tasks[0]!.request.session);

  const manifestPath = flags.manifest === undefined ? release.manifest : resolve(cwd, flags.manifest);
  const previous = await before();
  const images = await planRelease(targets, {
    engine,
    client,
    ...plain,
    previous,
    all: flags.all ? '--all' : release.carryForward ? undefined : 'release.carryForward is false',
    signal,
  });
  return {
    engine,
    client,
    settings,
    facts,
    tags,
    images,
    ids: new Set(workspace.targets.keys()),
    previous,
    manifestPath,
    ...(artifact && { artifact }),
    async toBuild() {
      const labels = release.labels ? ociLabels(facts, tags.version) : {};
      const carried = new Set(images.flatMap(({ id, decision }) => (decision.kind === 'carry' ? [id] : [])));
      const built = images.flatMap(({ id, target }) => {
        if (carried.has(id)) return [];
        // What is carried forward is there already.
        return [{ ...labelled(target, labels), dependsOn: target.dependsOn.filter((need) => !carried.has(need)) }];
      });
      return withRetries(await tasksOf(workspace, built, world), flags);
    },
  };

  /** The release before this one, from the first place that has it. */
  async function before(): Promise<ReleaseManifest | undefined> {
    if (flags.from !== undefined) {
      const given = await readManifestFile(resolve(cwd, flags.from));
      if (!given) throw new Mistake(`--from: there is no file ${resolve(cwd, flags.from)}`);
      return given;
    }
    const kept = artifact && (await pullManifest(client, artifact, { name: release.artifact!, signal }));
    return kept ?? readManifestFile(manifestPath);
  }
}

function readTags(
  release: { readonly tags: readonly string[]; readonly flavor: readonly string[] },
  facts: Facts,
): Tags {
  try {
    const rules = (release.tags.length > 0 ? release.tags : defaultRules).map(readTagRule);
    return tagsOf(rules, { facts, flavor: readFlavor(release.flavor), now: Date.now() });
  } catch (error) {
    return mistaken('release.tags')(error);
  }
}

function artifactOf(name: string | undefined): (Reference & { readonly tag: string }) | undefined {
  if (name === undefined) return undefined;
  try {
    const { domain, path, tag = 'latest' } = parseReference(name);
    return { domain, path, tag };
  } catch (error) {
    return mistaken('release.artifact')(error);
  }
}

/** What a reader says is wrong with what was written is a mistake of whoever wrote it. */
function mistaken(where: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof TypeError) throw new Mistake(`${where}: ${error.message}`);
    throw error;
  };
}
