// The home of semver and pep440: texts as versions.

import { explain, valid as validPep440 } from '@renovatebot/pep440';
import { gt, parse, valid } from 'semver';

export interface Version {
  /** `raw`, `version`, `major`, `minor`, `patch`. */
  readonly parts: Readonly<Record<string, string>>;
  /** A candidate or the like, which is no release yet (in Python's scheme also a release that was mended later). */
  readonly preview: boolean;
}

export function readSemver(text: string): Version | undefined {
  const parsed = parse(text, { loose: true });
  if (!parsed) return undefined;
  const { version, major, minor, patch, prerelease } = parsed;
  return { parts: partsOf(text, version, [major, minor, patch]), preview: prerelease.length > 0 };
}

export function readPep440(text: string): Version | undefined {
  const parsed = validPep440(text) ? explain(text) : null;
  if (!parsed) return undefined;
  const [major = 0, minor = 0, patch = 0] = parsed.release;
  const { is_prerelease, is_devrelease, is_postrelease } = parsed;
  return {
    parts: partsOf(text, parsed.public, [major, minor, patch]),
    preview: is_prerelease || is_devrelease || is_postrelease,
  };
}

/** The highest semantic version; the first where none is one. */
export function highest(texts: readonly string[]): string | undefined {
  return texts.reduce<string | undefined>((best, text) => {
    if (best === undefined || (valid(text) && !valid(best))) return text;
    return valid(text) && valid(best) && gt(text, best) ? text : best;
  }, undefined);
}

function partsOf(raw: string, version: string, [major, minor, patch]: readonly number[]): Version['parts'] {
  return { raw, version, major: String(major), minor: String(minor), patch: String(patch) };
}
