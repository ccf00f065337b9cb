// Platforms as Dockerfiles write and see them.

import { hostPlatform, normalise, type Platform } from '../../oci/platform.ts';

const head = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$/;
const part = /^[A-Za-z0-9_.-]+$/;
const systems = new Set(['aix', 'android', 'darwin', 'dragonfly', 'freebsd', 'hurd', 'illumos', 'ios', 'js', 'linux']);
for (const system of ['nacl', 'netbsd', 'openbsd', 'plan9', 'solaris', 'windows', 'zos', 'wasip1']) systems.add(system);
const architectures = new Set(['386', 'amd64', 'arm', 'arm64', 'loong64', 'mips', 'mipsle', 'mips64', 'mips64le']);
for (const name of ['ppc', 'ppc64', 'ppc64le', 'riscv', 'riscv64', 's390', 's390x', 'sparc', 'sparc64', 'wasm']) {
  architectures.add(name);
}

/**
 * Reads `os`, `arch`, `os/arch` or `os/arch/variant` as containerd does; what a platform is called is part of an op,
 * so a variant that was not written stays away. Throws a `TypeError`.
 */
export function readPlatform(text: string): Platform {
  const parts = text.split('/');
  const [, osName, version, features] = head.exec(parts[0]!) ?? [];
  if (osName === undefined || parts.length > 3 || !parts.slice(1).every((piece) => part.test(piece))) {
    throw new TypeError(
      `${JSON.stringify(text)} is not a platform: write os/arch or os/arch/variant, as in linux/amd64`,
    );
  }
  const os = osName.toLowerCase() === 'macos' ? 'darwin' : osName.toLowerCase();
  const details = {
    ...(version && { 'os.version': decodeURIComponent(version) }),
    ...(features && { 'os.features': features.slice(1).split('+').map(decodeURIComponent).sort() }),
  };
  if (parts.length === 1) {
    if (systems.has(os)) return { ...hostPlatform(), os, ...details };
    const { architecture, variant } = spelled(parts[0]!, undefined);
    if (!architectures.has(architecture)) throw new TypeError(`"${text}": unknown operating system or architecture`);
    return { os: 'linux', architecture, ...(variant && { variant }) };
  }
  return { os, ...spelled(parts[1]!, parts[2]), ...details };
}

/** `os/arch[/variant]` with the os's version and features, if it has any, in brackets. */
export function formatPlatformFully(platform: Platform): string {
  const { os, architecture, variant } = platform;
  if (os === '') return 'unknown';
  const version = encode(platform['os.version'] ?? '');
  const features = (platform['os.features'] ?? []).toSorted().map((feature) => `+${encode(feature)}`);
  const details = version + features.join('');
  return [details ? `${os}(${details})` : os, architecture, variant].filter(Boolean).join('/');
}

/** The architecture's usual name; arm's v7 goes without saying, arm64's v8 only where it was not written. */
function spelled(architecture: string, variant: string | undefined): Pick<Platform, 'architecture' | 'variant'> {
  const usual = normalise({ os: 'linux', architecture, ...(variant && { variant }) });
  const name = usual.architecture;
  let kept = usual.variant;
  if (variant === undefined && name === 'arm' && kept === 'v7') kept = undefined;
  if (variant !== undefined && name === 'arm64' && kept === undefined) kept = 'v8';
  return { architecture: name, ...(kept && { variant: kept }) };
}

function encode(text: string): string {
  return encodeURIComponent(text);
}
