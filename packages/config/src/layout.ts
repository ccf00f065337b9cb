import { readFileSync } from 'node:fs';
import { isDigest, type Digest } from '@monokit/engine/oci/digest';
import { Failed } from '@monokit/engine/std/failed';
import type { ConfigFailure } from './failure.ts';

/**
 * The digest that a tag has in an OCI layout: by its reference name or the tag of one. Without a tag, that of `latest`,
 * or of the only image. Throws `Failed<ConfigFailure>`.
 */
export function digestInLayout(path: string, tag: string | undefined): Digest {
  const wrong = (message: string, cause?: unknown) =>
    new Failed<ConfigFailure>({ kind: 'oci-layout', path, message: `${path}: ${message}` }, { cause });
  let index: {
    readonly manifests?: readonly {
      readonly digest?: unknown;
      readonly annotations?: Readonly<Record<string, string>>;
    }[];
  };
  try {
    index = JSON.parse(readFileSync(`${path}/index.json`, 'utf8')) as typeof index;
  } catch (error) {
    throw wrong('this is no OCI layout: its index.json cannot be read', error);
  }
  const manifests = index.manifests ?? [];
  const nameOf = (one: (typeof manifests)[number]) => one.annotations?.['org.opencontainers.image.ref.name'] ?? '';
  const wanted = tag ?? 'latest';
  const found =
    manifests.find((one) => nameOf(one) === wanted) ??
    manifests.find((one) => nameOf(one).endsWith(`:${wanted}`)) ??
    (tag === undefined && manifests.length === 1 ? manifests[0] : undefined);
  if (!found) {
    const names = manifests.map(nameOf).filter(Boolean).join(', ');
    throw wrong(`there is no image ${wanted} in it${names === '' ? '' : `; it has ${names}`}`);
  }
  if (typeof found.digest !== 'string' || !isDigest(found.digest)) throw wrong(`the digest of ${wanted} is none`);
  return found.digest;
}
