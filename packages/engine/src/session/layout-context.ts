import { resolve } from 'node:path';
import { openLayout } from '../content/layout.ts';
import { encoded, isDigest, type Digest } from '../oci/digest.ts';
import { Failed } from '../std/failed.ts';
import type { SessionFailure } from './failure.ts';

/** An OCI layout lent as a named context. */
export interface LayoutContext {
  /** What the session lends it as; equal for equal images, wherever they lie, so that definitions are too. */
  readonly store: string;
  /** Absolute path of the layout's folder or tar. */
  readonly path: string;
  readonly digest: Digest;
  /** What the frontend gets in its place: `oci-layout://store@digest`. */
  readonly reference: string;
}

/** Reads `oci-layout://PATH[:TAG|@DIGEST]`; without a tag it is `latest`, or the only image there is. */
export async function openLayoutContext(
  text: string,
  { cwd = process.cwd() }: { readonly cwd?: string } = {},
): Promise<LayoutContext> {
  const body = text.replace(/^oci-layout:\/\//, '');
  const [, named = '', tag, given] = /^(.*?)(?::([\w][\w.-]{0,127}))?(?:@([^@/]+))?$/.exec(body) ?? [];
  if (named === '') throw wrong(text, `${text} names no layout: write oci-layout://PATH[:TAG|@DIGEST]`);
  const path = resolve(cwd, named);
  if (given !== undefined && !isDigest(given)) throw wrong(text, `${JSON.stringify(given)} in ${text} is not a digest`);
  const digest = given ?? (await findDigest(text, { path, tag }));
  const store = encoded(digest).slice(0, 25);
  return { store, path, digest, reference: `oci-layout://${store}@${digest}` };
}

async function findDigest(
  text: string,
  { path, tag }: { readonly path: string; readonly tag: string | undefined },
): Promise<Digest> {
  await using layout = await openLayout(path).catch((cause: unknown) => {
    if (cause instanceof Failed) throw cause;
    throw wrong(text, `${path} is not an OCI layout that can be read`, cause);
  });
  const found = (await layout.find({ tag: tag ?? 'latest' })) ?? (tag === undefined ? await layout.find() : undefined);
  if (found) return found.digest;
  const tags = layout.roots.flatMap(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] ?? []);
  throw wrong(
    text,
    `failed to resolve ${JSON.stringify(tag ?? 'latest')} tag in ${path}; it has ${tags.join(', ') || 'no tags'}`,
  );
}

function wrong(option: string, message: string, cause?: unknown): Failed<SessionFailure> {
  return new Failed<SessionFailure>({ kind: 'session-option', option, message }, { cause });
}
