import type { ImageDiff } from '@monokit/engine/diff';
import { command, type Invocation } from '../command.ts';
import type { Pair } from '../diff/sides.ts';
import { cacheDirFlag } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import { openEngineFor } from '../tasks/open-engine.ts';
import { settingsHere } from '../tasks/settings-here.ts';

const flags = {
  stat: { kind: 'switch', help: 'Layers and settings only, with how many files differ', env: false },
  json: { kind: 'switch', help: 'Print it as JSON, in the shape that docs/diff.md describes', env: false },
  'exit-code': { kind: 'switch', help: 'End with 1 if anything differs, as git diff does', env: false },
  platform: {
    kind: 'value',
    placeholder: 'OS/ARCH',
    help: "Which image of an index; this machine's by default",
    env: false,
  },
  verbose: { kind: 'switch', short: 'v', help: 'Every file, not only the first forty', env: false },
  ...cacheDirFlag,
} as const;

export const diff = command({
  summary: 'Tell what differs between two builds of an image, or any two images',
  usage: '{IMAGE | A B | RUN [RUN]} [-- PATH…]',
  description: `
Compares files (size, mode, owner, content; not times), layers with the instructions that
made them, and settings. Layers that both have are not read unless something asks for it.

An IMAGE alone compares its last build here with the last one before it that came out otherwise.
A and B are builds (api, api@-2, api@RUN), digests in the store, names in the store or a
registry (docker-image:// skips the store), or OCI layouts (./image, ./image.tar,
oci-layout://PATH:TAG). Two runs (@last, -2) compare all images that both built.
PATHs after -- limit it to these files and folders.

Exit codes: 0 whether they differ or not; with --exit-code 1 if they do; 2 if they
could not be compared.`,
  flags,
  examples: [
    ['cli diff api', 'what the last rebuild changed'],
    ['cli diff api -- app/src', 'below one folder'],
    ['cli diff api@-3 api', 'compared with three runs before'],
    ['cli diff -2 -1 --stat', 'all images of the last two runs'],
    ['cli diff example.com/api:1 api --exit-code', 'whether the build differs from what is published'],
    ['cli diff debian:12.1 debian:12.2', 'two images in a registry'],
  ],
  failed: (flags) => (flags['exit-code'] ? 'something differs' : undefined),
  trouble: 'they could not be compared',
  async run(invocation) {
    const { flags, positionals, rest = [], cwd, env, signal, stdout } = invocation;
    const words = positionals.slice(0, positionals.length - rest.length);
    const [{ RunsHere }, { pairsOf }, { diffImages }, { parsePlatform, hostPlatform }] = await Promise.all([
      import('../runs/runs-here.ts'),
      import('../diff/sides.ts'),
      import('@monokit/engine/diff'),
      import('@monokit/engine/oci/platform'),
    ]);
    await using scope = new AsyncDisposableStack();
    const engine = scope.use(await openEngineFor(flags, env, await settingsHere(invocation)));
    const runs = await RunsHere.open(invocation);
    const access = () => openRegistries(invocation, scope);
    const platform = flags.platform === undefined ? hostPlatform() : read(() => parsePlatform(flags.platform!));
    const pairs = await pairsOf(words, {
      runs,
      engine,
      access,
      cwd,
      signal,
      scope,
      images: () => imagesHere(invocation),
    });
    const found: { readonly pair: Pair; readonly diff: ImageDiff }[] = [];
    for (const pair of pairs) {
      const paths = rest.length > 0 ? { paths: rest } : {};
      found.push({ pair, diff: await diffImages(pair.from, pair.to, { platform, signal, ...paths }) });
    }
    if (flags.json) {
      const { diffJson } = await import('../diff/json.ts');
      const images = found.map(({ pair, diff }) => diffJson(diff, pair));
      stdout.write(`${JSON.stringify({ version: 1, images }, null, 2)}\n`);
    } else {
      const [{ diffText }, { placesIn }] = await Promise.all([
        import('../diff/text.ts'),
        import('../diff/instruction.ts'),
      ]);
      const texts = found.map(({ pair: { image, built }, diff }) => {
        const places = built && image !== undefined && { places: placesIn(built, image) };
        return diffText(diff, { ...places, cwd, stat: flags.stat, verbose: flags.verbose, stream: stdout });
      });
      stdout.write(texts.join('\n'));
    }
    return flags['exit-code'] && found.some(({ diff }) => differs(diff, rest)) ? 1 : 0;
  },
});

/** Ids of the workspace's images; none where there is no workspace, or one that can't be read. */
async function imagesHere({ cwd, env }: Invocation<typeof flags>): Promise<readonly string[]> {
  const { knownHere } = await import('../completion/known-here.ts');
  return (await knownHere(cwd, env).images()).map(({ value }) => value);
}

/** A word that is wrong is a mistake. */
function read<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TypeError) throw new Mistake(error.message);
    throw error;
  }
}

/** With paths, only what lies there counts. */
function differs({ same, files }: ImageDiff, paths: readonly string[]): boolean {
  return paths.length > 0 && files ? files.length > 0 : !same;
}

async function openRegistries(invocation: Invocation<typeof flags>, scope: AsyncDisposableStack) {
  const [{ openAccess }, { openSession }, { registriesHere }] = await Promise.all([
    import('@monokit/engine/imagetools'),
    import('@monokit/engine/session'),
    import('../tasks/tasks.ts'),
  ]);
  const session = scope.use(openSession({ env: invocation.env }));
  return scope.use(
    openAccess({ credentials: (host) => session.credentials(host), hosts: () => registriesHere(invocation) }),
  );
}
