import { readFile } from 'node:fs/promises';
import {
  combine,
  find,
  parseLocation,
  placeOf,
  withDigest,
  wrongSource,
  type Access,
  type Annotation,
  type Combined,
  type Location,
  type Source,
} from '@monokit/engine/imagetools';
import type { Descriptor } from '@monokit/engine/oci/descriptor';
import { isDigest } from '@monokit/engine/oci/digest';
import { parsePlatform } from '@monokit/engine/oci/platform';
import { annotationAttrs } from '../flags/annotations.ts';
import { Mistake } from '../mistake.ts';

export interface CreateOptions {
  readonly files: readonly string[];
  readonly sources: readonly string[];
  readonly targets: readonly Location[];
  readonly append: boolean;
  readonly annotations: readonly string[];
  readonly preferIndex: boolean;
  readonly platforms: readonly string[];
  readonly cwd: string;
}

/** An image of others, by buildx's rules of what a source may be: a reference, a digest, a descriptor as JSON. */
export async function created(
  options: CreateOptions,
  access: Access,
  { signal, scope }: { readonly signal: AbortSignal; readonly scope: AsyncDisposableStack },
): Promise<Combined> {
  const files = await Promise.all(options.files.map((file) => readFile(file, 'utf8')));
  const wanted = [...files, ...options.sources].map((text) => readSource(text.trim(), options));
  const [first] = options.targets;
  const old = options.append && first ? [{ location: first }] : [];
  const sources = inferred([...old, ...wanted], options.targets);
  return combine(
    await Promise.all(
      sources.map(async ({ location, told }): Promise<Source> => {
        const found = await find(location, access, { signal, scope });
        return { found, descriptor: told ? described(found.descriptor, told) : found.descriptor };
      }),
    ),
    {
      annotations: options.annotations.flatMap(readAnnotation),
      preferIndex: options.preferIndex,
      platforms: options.platforms.flatMap((list) => list.split(',')).map(parsePlatform),
    },
    { signal },
  );
}

interface Wanted {
  readonly location?: Location;
  readonly told?: Partial<Descriptor> & Pick<Descriptor, 'digest'>;
}

function readSource(text: string, { cwd }: Pick<CreateOptions, 'cwd'>): Wanted {
  if (isDigest(text)) return { told: { digest: text } };
  if (!text.startsWith('{')) return { location: parseLocation(text, { cwd }) };
  let told: Partial<Descriptor> & { readonly schemaVersion?: number };
  try {
    told = JSON.parse(text) as typeof told;
  } catch (cause) {
    throw new Mistake(`a source is not JSON: ${(cause as Error).message}`);
  }
  if (told.schemaVersion)
    throw new Mistake(
      `expected an OCI content descriptor, got a manifest or index (schemaVersion ${told.schemaVersion})`,
    );
  const { digest } = told;
  if (digest === undefined || !isDigest(digest)) throw new Mistake('invalid descriptor: a digest is required');
  return { told: { ...told, digest } };
}

/** Sources without a repository are in the only one that is named. */
function inferred(
  sources: readonly Wanted[],
  targets: readonly Location[],
): readonly { readonly location: Location; readonly told?: Wanted['told'] }[] {
  const named = [...sources.flatMap(({ location }) => location ?? []), ...targets];
  const places = new Set(named.map(placeOf));
  return sources.map(({ location, told }) => {
    if (location) return { location, ...(told && { told }) };
    const [only] = named;
    if (!only) throw new Mistake('no repositories specified', 'set a reference in --tag or a source');
    if (places.size > 1)
      throw wrongSource(told!.digest, `multiple repositories specified, cannot infer repository for ${told!.digest}`);
    return { location: withDigest(only, told!.digest), told };
  });
}

/** What was found, with what is said of it; annotations take the place of others, so that they can be removed. */
function described(found: Descriptor, told: Partial<Descriptor>): Descriptor {
  if (told.size !== undefined && told.size !== 0 && told.size !== found.size)
    throw new Mistake(`invalid size mismatch for ${found.digest}, ${told.size} != ${found.size}`);
  const { mediaType, annotations, platform } = told;
  return {
    ...found,
    ...(mediaType && { mediaType }),
    ...(annotations && Object.keys(annotations).length > 0 && { annotations }),
    ...(platform && { platform }),
  };
}

function readAnnotation(text: string): readonly Annotation[] {
  return Object.entries(annotationAttrs(text)).map(([attr, value]) => {
    const [, level = 'manifest', platform, key] = /^annotation(?:-([a-z-]+))?(?:\[([^\]]*)\])?\.(.*)$/s.exec(attr)!;
    if (level === 'manifest')
      throw new Mistake('"manifest" annotations are not supported yet', 'write index:KEY=VALUE');
    if (level === 'index-descriptor')
      throw new Mistake('"index-descriptor" annotations are invalid while creating an image');
    return {
      level: level as Annotation['level'],
      ...(platform !== undefined && { platform: parsePlatform(platform) }),
      key: key!,
      value,
    };
  });
}
