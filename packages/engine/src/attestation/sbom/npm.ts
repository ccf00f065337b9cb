import { optional } from './dpkg.ts';
import type { FoundPackage } from './found-package.ts';

/** The package of a `package.json` that lies in a `node_modules`; undefined if it names none. */
export function readPackageJson(text: string, foundIn: string): FoundPackage | undefined {
  const { name, version, license, licenses, author, homepage } = objectOf(text) ?? {};
  if (!isName(name) || !isVersion(version)) return undefined;
  return {
    type: 'npm',
    name,
    version,
    ...optional('license', licenseOf(license) ?? licensesOf(licenses)),
    ...optional('maintainer', personOf(author)),
    ...optional('homepage', typeof homepage === 'string' ? homepage : undefined),
    foundIn,
  };
}

/** What a `package-lock.json` (of any version) says is installed. For folders where nothing is installed yet. */
export function readPackageLock(text: string, foundIn: string): readonly FoundPackage[] {
  const { packages, dependencies } = objectOf(text) ?? {};
  if (isRecord(packages)) {
    return Object.entries(packages).flatMap(([path, entry]) => {
      const at = path.lastIndexOf('node_modules/');
      if (at < 0 || !isRecord(entry) || entry['link'] === true) return [];
      const name = entry['name'] ?? path.slice(at + 'node_modules/'.length);
      return locked(name, entry, foundIn);
    });
  }
  return isRecord(dependencies) ? lockedBelow(dependencies, foundIn) : [];
}

function lockedBelow(dependencies: Record<string, unknown>, foundIn: string): readonly FoundPackage[] {
  const found: FoundPackage[] = [];
  const open = [dependencies];
  for (let next = open.pop(); next; next = open.pop()) {
    for (const [name, entry] of Object.entries(next)) {
      if (!isRecord(entry)) continue;
      found.push(...locked(name, entry, foundIn));
      if (isRecord(entry['dependencies'])) open.push(entry['dependencies']);
    }
  }
  return found;
}

function locked(name: unknown, { version, license }: Record<string, unknown>, foundIn: string): FoundPackage[] {
  if (!isName(name) || !isVersion(version)) return [];
  return [{ type: 'npm', name, version, ...optional('license', licenseOf(license)), foundIn }];
}

/** Old packages say `{ type, url }`. */
function licenseOf(license: unknown): string | undefined {
  if (typeof license === 'string') return license;
  return isRecord(license) && typeof license['type'] === 'string' ? license['type'] : undefined;
}

function licensesOf(licenses: unknown): string | undefined {
  if (!Array.isArray(licenses)) return licenseOf(licenses);
  const all = licenses.map(licenseOf).filter((each) => each !== undefined);
  return all.length > 1 ? `(${all.join(' OR ')})` : all[0];
}

function personOf(author: unknown): string | undefined {
  if (typeof author === 'string') return author;
  if (!isRecord(author) || typeof author['name'] !== 'string') return undefined;
  return typeof author['email'] === 'string' ? `${author['name']} <${author['email']}>` : author['name'];
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= 214 && /^(?:@[^/\s@]+\/)?[^/\s@]+$/.test(name);
}

function isVersion(version: unknown): version is string {
  return typeof version === 'string' && /^\d+\.\d+\.\d+\S{0,256}$/.test(version);
}

/** Undefined for what is no object: not every file that is called so is one of npm's. */
function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
