import { command, type Invocation } from '../command.ts';
import type { Flags } from '../flags/flags.ts';
import { cacheDirFlag } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';

const verbs = ['inspect', 'create', 'copy'] as const;
type Verb = (typeof verbs)[number];

const flags = {
  format: {
    kind: 'value',
    placeholder: 'TEMPLATE',
    help: "Of inspect: print by a Go template, as in '{{json .SBOM}}'",
    env: false,
  },
  raw: { kind: 'switch', help: 'Of inspect: the manifest or index as it is', env: false },
  tag: {
    kind: 'list',
    short: 't',
    placeholder: 'NAME',
    help: 'Of create: a name for what is made, again for more',
    env: false,
  },
  file: {
    kind: 'list',
    short: 'f',
    placeholder: 'FILE',
    help: 'Of create: a source in a file: a reference, a digest, or a descriptor as JSON',
    env: false,
  },
  append: { kind: 'switch', help: 'Of create: add to what the first name stands for', env: false },
  'dry-run': { kind: 'switch', help: 'Of create: print what would be pushed', env: false },
  annotation: {
    kind: 'list',
    placeholder: 'LEVEL:KEY=VALUE',
    help: 'Of create: an annotation, of index or manifest-descriptor[linux/amd64]',
    env: false,
  },
  'prefer-index': {
    kind: 'choice',
    implied: 'true',
    among: ['true', 'false'],
    placeholder: 'BOOL',
    help: 'Of create: false leaves a single image what it is, and makes no index of it',
    env: false,
  },
  platform: { kind: 'list', short: 'p', placeholder: 'OS/ARCH', help: 'Of create: only images for these', env: false },
  'metadata-file': {
    kind: 'value',
    placeholder: 'FILE',
    help: 'Of create: write descriptor and names, as JSON',
    env: false,
  },
  ...cacheDirFlag,
} as const satisfies Flags;

type Told = Invocation<typeof flags>;

/** Flags that go with one verb alone. */
const owners: Readonly<Partial<Record<keyof typeof flags, Verb>>> = {
  format: 'inspect',
  raw: 'inspect',
  tag: 'create',
  file: 'create',
  append: 'create',
  'dry-run': 'create',
  annotation: 'create',
  'prefer-index': 'create',
  platform: 'create',
  'metadata-file': 'create',
};

export const imagetools = command({
  summary: 'Inspect, combine and copy images in registries and OCI layouts',
  usage: '{inspect NAME | create [SOURCE…] | copy SOURCE TARGET…}',
  description: `
inspect shows what a name stands for: its digest, the images in it, and by --format
their configs, provenance and SBOMs.

create makes an index of several images, as \`docker buildx imagetools create\` does, and
pushes it under the names of --tag. A source is a reference, a digest in the same
repository, or a descriptor as JSON. Nothing is pulled to this machine that the registry
can take over itself.

copy copies an image byte for byte, with its attestations and signatures, so that its
digest stays what it is. A name is that of a registry, or oci-layout://PATH[:TAG].`,
  flags,
  examples: [
    ['cli imagetools inspect alpine', 'the images that the name stands for'],
    ["cli imagetools inspect app:1 --format '{{json .Provenance}}'", 'where it came from'],
    ['cli imagetools create -t app:1 app:1-amd64 app:1-arm64', 'one image of two'],
    ['cli imagetools copy app:1 registry.example.com/app:1', 'with digest and attestations'],
  ],
  async run(invocation) {
    const [verb, ...names] = invocation.positionals;
    if (!verbs.includes(verb as Verb)) {
      const { nearest } = await import('@monokit/engine/std/nearest');
      const near = verb === undefined ? undefined : nearest(verb, verbs);
      const message = verb === undefined ? 'imagetools needs a verb' : `imagetools has no ${JSON.stringify(verb)}`;
      throw new Mistake(message, near ? `did you mean cli imagetools ${near}?` : `it has ${verbs.join(', ')}`);
    }
    for (const [name, owner] of Object.entries(owners)) {
      const given = invocation.flags[name as keyof typeof flags];
      const isGiven = Array.isArray(given) ? given.length > 0 : given !== undefined && given !== false;
      if (isGiven && owner !== verb) throw new Mistake(`--${name} goes with imagetools ${owner}, not with ${verb}`);
    }
    const { openAccess } = await import('@monokit/engine/imagetools');
    const { openSession } = await import('@monokit/engine/session');
    const { registriesHere } = await import('../tasks/tasks.ts');
    await using scope = new AsyncDisposableStack();
    const session = scope.use(openSession({ env: invocation.env }));
    const access = scope.use(
      openAccess({ credentials: (host) => session.credentials(host), hosts: () => registriesHere(invocation) }),
    );
    const work = { access, scope, names };
    if (verb === 'inspect') return await inspect(invocation, work);
    return await (verb === 'create' ? create(invocation, work) : copy(invocation, work));
  },
});

interface Work {
  readonly access: Awaited<ReturnType<typeof import('@monokit/engine/imagetools').openAccess>>;
  readonly scope: AsyncDisposableStack;
  readonly names: readonly string[];
}

async function inspect({ flags, cwd, signal, stdout }: Told, { access, scope, names }: Work): Promise<number> {
  const [name, ...others] = names;
  if (name === undefined || others.length > 0) throw new Mistake('imagetools inspect takes one name');
  const { format, raw } = flags;
  if (format !== undefined && raw) throw new Mistake('format and raw cannot be used together');
  const tools = await import('@monokit/engine/imagetools');
  const location = tools.parseLocation(name, { cwd });
  const inspected = await tools.inspect(await tools.find(location, access, { signal, scope }), { signal });
  if (raw) {
    stdout.write(inspected.bytes);
    return 0;
  }
  const { inspectText } = await import('../imagetools/inspect.ts');
  stdout.write(await inspectText(name, location, { inspected, format }));
  return 0;
}

async function create({ flags, cwd, signal, stdout, stderr }: Told, { access, scope, names }: Work): Promise<number> {
  const { tag, file, append, annotation, platform } = flags;
  if (names.length === 0 && file.length === 0)
    throw new Mistake('no sources specified', 'name images, or give them in -f FILE');
  if (!flags['dry-run'] && tag.length === 0)
    throw new Mistake("can't push with no tags specified", 'please set --tag or --dry-run');
  const tools = await import('@monokit/engine/imagetools');
  const targets = tag.map((text) => tools.parseLocation(text, { cwd }));
  const { created } = await import('../imagetools/create.ts');
  const combined = await created(
    {
      files: file,
      sources: names,
      targets,
      append,
      annotations: annotation,
      preferIndex: flags['prefer-index'] !== 'false',
      platforms: platform,
      cwd,
    },
    access,
    { signal, scope },
  );
  if (flags['dry-run']) {
    stdout.write(`${Buffer.from(combined.bytes).toString()}\n`);
    return 0;
  }
  await tools.publish(combined, targets, access, {
    signal,
    report: (target, { digest }) => stderr.write(`pushed ${digest} to ${tools.formatLocation(target)}\n`),
  });
  const path = flags['metadata-file'];
  if (path !== undefined) {
    const { writeJson } = await import('../ui/metadata-file.ts');
    const places = [...new Set(targets.map(tools.placeOf))].sort();
    await writeJson(path, { 'containerimage.descriptor': combined.descriptor, 'image.name': places.join(',') });
  }
  return 0;
}

async function copy({ cwd, signal, stderr, stdout }: Told, { access, names }: Work): Promise<number> {
  const [source, ...targets] = names;
  if (source === undefined || targets.length === 0) throw new Mistake('imagetools copy takes a source and a target');
  const tools = await import('@monokit/engine/imagetools');
  const location = (text: string) => tools.parseLocation(text, { cwd });
  const { descriptor } = await tools.copyImage(location(source), targets.map(location), access, {
    signal,
    report: (target, { digest }) => stderr.write(`copied ${digest} to ${tools.formatLocation(target)}\n`),
  });
  stdout.write(`${descriptor.digest}\n`);
  return 0;
}
