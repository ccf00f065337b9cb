import { imageFlags, workFlags } from '../flags/build.ts';
import type { Flags, Given } from '../flags/flags.ts';
import type { ImageFlags } from '../tasks/folder.ts';

const { 'metadata-file': _metadata, iidfile: _iidfile, ...work } = workFlags;
const { platform, secret, ssh, attest, provenance, sbom, allow, pull } = imageFlags;
const { 'build-arg': buildArg, 'no-cache': noCache, 'cache-from': cacheFrom, 'cache-to': cacheTo } = imageFlags;

/** Those of `build` that go with several images, and the release's own. */
export const releaseFlags = {
  dry: {
    kind: 'choice',
    placeholder: 'FORM',
    implied: 'text',
    among: ['text', 'json'],
    help: 'Only tell what would be built, carried forward and tagged',
    env: false,
  },
  all: { kind: 'switch', help: 'Build all images, even those that have not changed', env: false },
  from: {
    kind: 'value',
    placeholder: 'FILE',
    help: 'The manifest of the release before; the config says where it is otherwise',
    env: false,
  },
  manifest: { kind: 'value', placeholder: 'FILE', help: 'Where to write what was released', env: false },
  platform,
  'build-arg': buildArg,
  secret,
  ssh,
  attest,
  provenance,
  sbom,
  'no-cache': noCache,
  'cache-from': cacheFrom,
  'cache-to': cacheTo,
  pull,
  allow,
  ...work,
} as const satisfies Flags;

export type ReleaseFlags = Given<typeof releaseFlags>;

/** The flags of `build` as they would be if only these were given. */
export function asImageFlags(flags: ReleaseFlags): ImageFlags {
  const unset = Object.entries(imageFlags).map(([name, { kind }]: [string, { readonly kind: string }]) => [
    name,
    kind === 'list' ? [] : kind === 'switch' ? false : undefined,
  ]);
  return { ...(Object.fromEntries(unset) as ImageFlags), ...flags };
}
