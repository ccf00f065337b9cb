import { isDeepStrictEqual } from 'node:util';
import { hasChildren } from '../content/children.ts';
import { copy } from '../content/copy.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import type { Registries } from '../registry/registry.ts';
import { Failed } from '../std/failed.ts';
import { assemble, imageResponse, type Assembled } from './assemble.ts';
import { Attrs, wrongOption } from './attrs.ts';
import type { ExportDeps, Exporter } from './exporter.ts';
import type { ExportFailure } from './failure.ts';
import { readImageOptions, readTags, type ImageOptions } from './image-options.ts';
import { step, stepWork, type StepWork } from './step.ts';

interface Options extends ImageOptions {
  readonly store: boolean;
  readonly push: boolean;
  readonly byDigest: boolean;
  readonly insecure: boolean;
  readonly nameCanonical: boolean;
  readonly danglingPrefix: string;
  readonly danglingEmptyOnly: boolean;
}

/** Into the images kept here, under its names; with `push` also to their registries. */
export const imageExporter: Exporter = {
  async check({ attrs, destination }) {
    readOptions(attrs);
    if (destination) {
      const message = 'the image exporter writes no file: leave dest out, or use type=oci or type=docker';
      throw new Failed<ExportFailure>({ kind: 'export-destination', message });
    }
  },

  async make(input, deps, job) {
    const options = readOptions(input.attrs);
    const { signal } = job;
    const work = stepWork(input, job);
    const assembled = await assemble(input, options, work);
    const { root } = assembled;
    const names = namesOf(options, assembled);
    if (options.store && names.length) {
      await step('storing image', work, () => copy(assembled, deps.content, { root, signal }));
      for (const name of storedNames(options, names, assembled)) {
        // Naming it again costs a write to the disk each time.
        const same = isDeepStrictEqual(deps.images.get(name)?.descriptor, root);
        if (!same) await step(`naming to ${name}`, work, () => deps.images.put(name, root));
      }
    }
    // Without a name it is not kept, but what it is made of can be told, until a prune, of those who know its digest.
    else if (options.store) await keepDocuments(assembled, deps, signal);
    const { digest } = root;
    return {
      response: { ...imageResponse(assembled, root), ...(names.length && { 'image.name': names.join(',') }) },
      digest,
      size: assembled.size,
      ...(options.push && {
        finalise: async () => {
          for (const name of names)
            await push(parseReference(name), { assembled, options, deps, work, credentials: job.session });
        },
      }),
    };
  },
};

/** Manifests and configs. No name leads to them, so nothing waits for the disk. */
async function keepDocuments(assembled: Assembled, { content }: ExportDeps, signal: AbortSignal): Promise<void> {
  const configs: readonly string[] = [mediaTypes.ociConfig, mediaTypes.dockerConfig];
  const documents = assembled.graph.filter(({ mediaType }) => hasChildren(mediaType) || configs.includes(mediaType));
  await Promise.all(
    documents.map((each) => content.write(assembled.open(each, { signal }), { expected: each, signal, synced: false })),
  );
}

function readOptions(given: Readonly<Record<string, string>>): Options {
  const attrs = new Attrs('image', given);
  const options = {
    ...readImageOptions(attrs, { inlineAttestations: true }),
    store: attrs.flag('store') ?? true,
    push: attrs.flag('push') ?? false,
    byDigest: attrs.flag('push-by-digest') ?? false,
    insecure: attrs.flag('registry.insecure') ?? false,
    nameCanonical: attrs.flag('name-canonical') ?? false,
    danglingPrefix: attrs.text('dangling-name-prefix') ?? '',
    // BuildKit spells it so.
    danglingEmptyOnly: attrs.flag('danging-name-empty-only') ?? false,
  };
  if (attrs.flag('unpack')) throw wrongOption('unpack', 'unpack: there is no containerd here to unpack for');
  attrs.end();
  if ((options.push || options.byDigest) && !options.name) {
    throw wrongOption('push', 'pushing takes a name: add name=REGISTRY/REPOSITORY:TAG, or a tag');
  }
  return options;
}

/** All names that the image gets, full. */
function namesOf({ tags, danglingPrefix, danglingEmptyOnly }: Options, { root }: Assembled): readonly string[] {
  if (danglingPrefix === '' || (danglingEmptyOnly && tags.length)) return tags;
  return [...tags, ...readTags(`${danglingPrefix}@${root.digest}`)];
}

function storedNames({ nameCanonical }: Options, names: readonly string[], { root }: Assembled): readonly string[] {
  if (!nameCanonical) return names;
  return names.flatMap((name) => (name.includes('@') ? [name] : [name, `${name}@${root.digest}`]));
}

interface Push {
  readonly assembled: Assembled;
  readonly options: Options;
  readonly deps: ExportDeps;
  readonly work: StepWork;
  readonly credentials: Parameters<Registries['as']>[0];
}

async function push(reference: Reference, { assembled, options, deps, work, credentials }: Push): Promise<void> {
  const { domain, path, tag } = reference;
  const { signal, vertex } = work;
  const client = (await deps.registries()).as(credentials, options.insecure ? { insecure: [domain] } : undefined);
  const target = { domain, path, ...(!options.byDigest && tag !== undefined && { tag }) };
  await step(`pushing ${domain}/${path}${target.tag ? `:${target.tag}` : ''}`, work, () =>
    client.push(target, {
      root: assembled.root,
      children: async (descriptor) => assembled.children(descriptor),
      provider: assembled,
      sources: (digest) => assembled.origins(domain, digest),
      signal,
      progress: ({ digest, size }, current) => {
        if (!vertex) return;
        const done = current === size;
        work.report({
          kind: 'progress',
          vertex,
          at: Date.now(),
          id: `pushing ${digest}`,
          current,
          total: size,
          unit: 'bytes',
          done,
        });
      },
    }),
  );
}
