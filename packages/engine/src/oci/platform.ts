import { arch } from 'node:os';

/** As in OCI's image index: `os`, `architecture`, and a CPU `variant` where one is meant. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

/** The machine's own platform, normalised. Containers are Linux's, whatever the host is. */
export function hostPlatform(): Platform {
  const names: Record<string, string> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
  return normalise({ os: 'linux', architecture: names[arch()] ?? arch() });
}

/**
 * containerd's normalisation: `x86_64` is `amd64`, `aarch64` is `arm64`, arm64's `v8` goes, arm gets `v7` when it has
 * no variant, amd64's `v1` goes.
 */
export function normalise(platform: Platform): Platform {
  const os = platform.os.toLowerCase() === 'macos' ? 'darwin' : platform.os.toLowerCase();
  const given = platform.architecture.toLowerCase();
  let variant = platform.variant?.toLowerCase() ?? '';
  let architecture = given;
  switch (given) {
    case 'i386':
      [architecture, variant] = ['386', ''];
      break;
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      architecture = 'amd64';
      if (variant === 'v1') variant = '';
      break;
    case 'aarch64':
    case 'arm64':
      architecture = 'arm64';
      if (variant === '8' || variant === 'v8') variant = '';
      break;
    case 'armhf':
      [architecture, variant] = ['arm', 'v7'];
      break;
    case 'armel':
      [architecture, variant] = ['arm', 'v6'];
      break;
    case 'arm':
      if (variant === '' || variant === '7') variant = 'v7';
      else if (['5', '6', '8'].includes(variant)) variant = `v${variant}`;
      break;
  }
  return {
    os,
    architecture,
    ...(variant && { variant }),
    ...(platform['os.version'] && { 'os.version': platform['os.version'] }),
    ...(platform['os.features']?.length && { 'os.features': platform['os.features'] }),
  };
}

const oses = new Set(['linux', 'windows', 'darwin', 'freebsd', 'netbsd', 'openbsd', 'wasip1', 'js', 'macos']);

/** Reads `os`, `arch`, `os/arch` or `os/arch/variant`; what is left out is the host's. Throws a `TypeError`. */
export function parsePlatform(text: string): Platform {
  const [head = '', ...rest] = text.trim().split('/');
  const parsed = /^([A-Za-z0-9_-]+)(?:\(([^)]*)\))?$/.exec(head);
  if (!parsed || rest.length > 2 || rest.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part))) {
    throw new TypeError(
      `${JSON.stringify(text)} is not a platform: write os/arch or os/arch/variant, as in linux/amd64`,
    );
  }
  const [, os = '', version] = parsed;
  if (os === 'local' && rest.length === 0) return hostPlatform();
  if (rest.length === 0) {
    const host = hostPlatform();
    return oses.has(os.toLowerCase()) ? normalise({ ...host, os }) : normalise({ os: host.os, architecture: os });
  }
  return normalise({
    os,
    architecture: rest[0]!,
    ...(rest[1] && { variant: rest[1] }),
    ...(version && { 'os.version': version }),
  });
}

/** `os/arch[/variant]`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

/** Whether an image for `has` runs where `wanted` is asked for (same os and architecture, same normalised variant). */
export function matches(wanted: Platform, has: Platform): boolean {
  const [a, b] = [normalise(wanted), normalise(has)];
  return a.os === b.os && a.architecture === b.architecture && (a.variant ?? '') === (b.variant ?? '');
}
