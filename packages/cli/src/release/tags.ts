// Which tags a commit gets, by docker/metadata-action's rules.

import { filledIn } from './expressions.ts';
import type { Facts } from './facts.ts';
import type { Flavor, TagRule } from './tag-rules.ts';
import { readPep440, readSemver } from './versions.ts';

export interface Tags {
  /** The first one is the version. */
  readonly tags: readonly string[];
  readonly version?: string;
  /** Rules that had something to say and could not. */
  readonly warnings: readonly string[];
}

interface World {
  readonly facts: Facts;
  readonly flavor: Flavor;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A tag by one rule, and whether `latest=auto` goes with it. */
interface Found {
  readonly value: string;
  readonly latest: boolean;
}

/** The tags of the rules that apply, those of higher priority first, and `latest` where it is due. */
export function tagsOf(rules: readonly TagRule[], world: World): Tags {
  const { flavor } = world;
  const warnings: string[] = [];
  const found = rules
    .toSorted((a, b) => Number(b.attributes['priority']) - Number(a.attributes['priority']))
    .filter((rule) => isEnabled(rule, world))
    .flatMap((rule) => {
      const tag = tagOf(rule, world, (text) => warnings.push(`${rule.text}: ${text}`));
      return tag ? [{ ...tag, value: sanitised(affixed(tag.value, rule, world)) }] : [];
    })
    .filter(({ value }) => value !== '');
  const [first] = found;
  if (!first) return { tags: [], warnings };
  const latest = flavor.latest === 'auto' ? first.latest : flavor.latest === 'true';
  const named = latest
    ? [
        (flavor.prefixLatest ? filledIn(flavor.prefix, world.facts, world) : '') +
          'latest' +
          (flavor.suffixLatest ? filledIn(flavor.suffix, world.facts, world) : ''),
      ]
    : [];
  return {
    tags: [...new Set([...found.map(({ value }) => value), ...named.map(sanitised)])],
    version: first.value,
    warnings,
  };
}

function isEnabled({ attributes, text }: TagRule, { facts, now }: World): boolean {
  const enabled = filledIn(attributes['enable'] ?? 'true', facts, { now });
  if (enabled === 'true' || enabled === 'false') return enabled === 'true';
  throw new TypeError(`${text}: enable is true or false, not ${JSON.stringify(enabled)}`);
}

function tagOf(rule: TagRule, world: World, warn: (text: string) => void): Found | undefined {
  const { attributes } = rule;
  const { facts, now } = world;
  const { event } = facts;
  const fill = (text: string, names?: Readonly<Record<string, string>>) =>
    filledIn(text, facts, { now, ...(names && { names }) });
  /** What a version is read from. */
  const written = () =>
    attributes['value'] ? fill(attributes['value']) : event.kind === 'tag' ? event.tag : undefined;
  switch (rule.type) {
    case 'schedule':
      return event.kind === 'schedule' ? { value: fill(attributes['pattern']!), latest: false } : undefined;
    case 'semver':
    case 'pep440': {
      const text = written()?.replaceAll('/', '-');
      if (text === undefined) return undefined;
      const version = rule.type === 'semver' ? readSemver(text) : readPep440(text);
      if (!version) return void warn(`${text} is no ${rule.type} version`);
      // A version before the version moves no tag that stands for released ones.
      const pattern = version.preview && attributes['pattern'] !== '{{raw}}' ? '{{version}}' : attributes['pattern']!;
      return { value: fill(pattern, version.parts), latest: !version.preview };
    }
    case 'match': {
      const text = written();
      if (text === undefined) return undefined;
      const value = expressionOf(rule).exec(text)?.[Number(attributes['group'])];
      if (value === undefined) return void warn(`${text} does not match`);
      return { value, latest: true };
    }
    case 'edge':
      if (event.kind !== 'branch' || event.branch !== (attributes['branch'] ?? facts.defaultBranch)) return undefined;
      return { value: 'edge', latest: false };
    case 'ref':
      if (attributes['event'] === 'tag') return event.kind === 'tag' ? { value: event.tag, latest: true } : undefined;
      if (attributes['event'] === 'pr') {
        return event.kind === 'pull-request' ? { value: event.number, latest: false } : undefined;
      }
      return event.kind === 'branch' || event.kind === 'schedule' ? { value: event.branch, latest: false } : undefined;
    case 'raw':
      return { value: fill(attributes['value']!), latest: false };
    case 'sha':
      return { value: attributes['format'] === 'long' ? facts.commit : facts.commit.slice(0, 7), latest: false };
  }
}

/** `v(.*)`, or `/v(.*)/i` with flags. */
function expressionOf({ attributes, text }: TagRule): RegExp {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/.exec(attributes['pattern']!) ?? [];
  try {
    return new RegExp(source ?? attributes['pattern']!, (flags ?? '').replaceAll('g', ''));
  } catch (error) {
    if (error instanceof SyntaxError) throw new TypeError(`${text}: ${error.message}`, { cause: error });
    throw error;
  }
}

function affixed(value: string, { attributes }: TagRule, { facts, flavor, now }: World): string {
  const fill = (text: string) => filledIn(text, facts, { now });
  return `${fill(attributes['prefix'] ?? flavor.prefix)}${value}${fill(attributes['suffix'] ?? flavor.suffix)}`;
}

/** In the letters that a tag may have. */
function sanitised(tag: string): string {
  return tag
    .replaceAll(/[^\w.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 128);
}
