import type { Descriptor } from './descriptor.ts';
import { isRepository, type Reference } from './reference.ts';

/** containerd's note on a descriptor: the repositories of a registry that have the content. */
const prefix = 'containerd.io/distribution.source.';

/** The descriptor with a note of where its content is from, and with nobody else's. */
export function withOrigin(
  descriptor: Descriptor,
  repository: Pick<Reference, 'domain' | 'path'> | undefined,
): Descriptor {
  const { annotations = {}, ...rest } = descriptor;
  const kept = Object.entries(annotations).filter(([key]) => !isOrigin(key));
  if (repository) kept.push([`${prefix}${repository.domain}`, repository.path]);
  return kept.length ? { ...rest, annotations: Object.fromEntries(kept) } : rest;
}

/** Repositories of this registry that have the content. */
export function originsIn(domain: string, { annotations }: Descriptor): readonly string[] {
  const paths = annotations?.[`${prefix}${domain}`]?.split(',') ?? [];
  return paths.filter(isRepository);
}

/** Whether an annotation is such a note, which is no matter of those who get the image. */
export function isOrigin(annotation: string): boolean {
  return annotation.startsWith(prefix);
}
