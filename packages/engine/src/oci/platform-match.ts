import type { Descriptor } from './descriptor.ts';
import { matches, normalise, type Platform } from './platform.ts';

/**
 * What runs where `wanted` is asked for, best first, as containerd has it: an arm/v7 also runs v6 and v5, an arm64
 * also 32-bit arm, an amd64 also 386 and lower versions of itself.
 */
export function compatiblePlatforms(wanted: Platform): readonly Platform[] {
  const { architecture, variant, ...rest } = normalise(wanted);
  const of = (architecture: string, variant?: string): Platform => ({
    ...rest,
    architecture,
    ...(variant && { variant }),
  });
  const down = (architecture: string, from: number, to: number) =>
    Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => of(architecture, `v${from - i}`));
  const version = Number(/^v(\d+)$/.exec(variant ?? '')?.[1] ?? NaN);
  switch (architecture) {
    case 'amd64':
      return [of('amd64', variant), ...(version > 1 ? down('amd64', version - 1, 1) : []), of('386')];
    case 'arm':
      return [of('arm', variant), ...(version > 5 ? down('arm', version - 1, 5) : [])];
    case 'arm64':
      return [...arm64Versions(variant ?? 'v8').map((v) => of('arm64', v)), ...down('arm', 8, 5)];
    default:
      return [of(architecture, variant)];
  }
}

/** The entry of an index that fits best; entries that tell no platform come last. */
export function bestManifest(manifests: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  for (const platform of compatiblePlatforms(wanted)) {
    const found = manifests.find((descriptor) => descriptor.platform && matches(platform, descriptor.platform));
    if (found) return found;
  }
  return manifests.find((descriptor) => !descriptor.platform);
}

/** `v9.2` runs 9.2, 9.1, 9, then every 8.x that it includes: a 9.n includes 8.(n+5). */
function arm64Versions(variant: string): readonly string[] {
  const [, majorText = '8', minorText = '0'] = /^v(8|9)(?:\.(\d))?$/.exec(variant) ?? [];
  const [major, minor] = [Number(majorText), Number(minorText)];
  const named = (major: number, from: number) =>
    Array.from({ length: from + 1 }, (_, i) => (from === i ? `v${major}` : `v${major}.${from - i}`));
  return major === 9 ? [...named(9, minor), ...named(8, Math.min(9, minor + 5))] : named(8, minor);
}
