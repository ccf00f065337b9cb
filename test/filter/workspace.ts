// Workspaces that Turborepo and we both can have, and filters over them, by chance.

import type { Random } from '../rig/random.ts';

/** Projects that are built from one another; a change touched some of them. */
export interface Projects {
  readonly projects: readonly Project[];
  /** Names of those that the working tree has changed since the commit `main`. */
  readonly changed: readonly string[];
}

export interface Project {
  readonly name: string;
  readonly folder: string;
  readonly needs: readonly string[];
}

const names = ['api', 'api-v2', 'a', 'b_1', 'web', 'web-shop', 'web.admin', 'worker', 'base', 'base-js', 'tool', 'x'];
const folders = [
  ...['apps/web', 'apps/shop', 'apps/api', 'apps/api/v2', 'apps/team/one', 'apps/team/two', 'libs/a', 'libs/b'],
  ...['libs/deep/er/c', 'tools/t', 'services/api', 'services/worker', 'site', 'solo'],
];

export function someProjects(random: Random): Projects {
  const count = 3 + random.below(7);
  const places = random.shuffled(folders);
  const projects: Project[] = [];
  for (const [i, name] of random.shuffled(names).slice(0, count).entries()) {
    const needs = random.some(
      projects.map((other) => other.name),
      0.3,
    );
    projects.push({ name, folder: places[i]!, needs });
  }
  const all = projects.map(({ name }) => name);
  return { projects: random.shuffled(projects), changed: random.some(all, 0.3) };
}

/** A filter in both grammars' words; they differ where changes are meant. */
export interface TwinFilter {
  readonly ours: string;
  readonly turbos: string;
}

/**
 * With us a change reaches all that is built from it, always; Turborepo says so with three dots before the range, where
 * `^` then also leaves out what changed by itself. It takes `^` and ranges only with folders in braces.
 */
export function someFilter(random: Random, { projects }: Projects): TwinFilter {
  const before = random.pick(['', '', '', '...', '...^']);
  const after = random.pick(['', '', '', '...', '^...']);
  const caret = before === '...^' || after === '^...';
  const range = !caret && random.once(4) ? '[main]' : '';
  const name = random.once(2) || range ? someName(random, projects) : undefined;
  const inBraces = (name !== undefined && random.once(4)) || (name === undefined && random.once(2));
  const folder = name === undefined || inBraces ? someFolder(random, projects) : undefined;
  const only = range !== '' && random.once(3);
  const place = folder === undefined ? '' : inBraces || range || caret ? `{${folder}}` : `./${folder}`;
  const text = only ? '' : `${name ?? ''}${place}`;
  const not = random.once(4) ? '!' : '';
  const first = `${not}${before}`;
  return {
    ours: `${first}${text}${range}${after}`,
    // Alone, dots on its left are those that stand for dependents.
    turbos: only ? `${not}...${range}${after}` : `${first}${text}${range && `...${range}`}${after}`,
  };
}

function someName(random: Random, projects: readonly Project[]): string {
  const { name } = random.pick(projects);
  if (random.once(2)) return name;
  if (random.once(12)) return `${name}-gone`;
  return withStar(random, name);
}

function withStar(random: Random, text: string): string {
  const [a, b] = [random.below(text.length + 1), random.below(text.length + 1)].sort((x, y) => x - y) as [
    number,
    number,
  ];
  return `${text.slice(0, a)}*${text.slice(b)}`;
}

function someFolder(random: Random, projects: readonly Project[]): string {
  const { folder } = random.pick(projects);
  const parts = folder.split('/');
  const at = random.below(parts.length);
  const form = random.below(8);
  if (form < 2) return folder;
  if (form === 2) return `${folder}${random.pick(['/', '/gone', '/*'])}`;
  if (form === 3) return parts.slice(0, at + 1).join('/');
  if (form === 4) return '**';
  if (form === 5) return `${parts.slice(0, at).join('/')}${at > 0 ? '/' : ''}**`;
  if (form === 6) return parts.with(at, withStar(random, parts[at]!)).join('/');
  return parts.with(at, '*').join('/');
}
