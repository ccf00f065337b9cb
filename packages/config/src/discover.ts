// Images by their Dockerfiles. The home of fast-glob, which walks; what it may see, .gitignore decides.

import { hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, type Dirent } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import type { Discover } from './config.ts';
import { gitTop } from './git.ts';
import { isIgnored, readGitignore, type IgnoreRules } from './gitignore.ts';
import { keepWalk, recallWalk, Walked } from './walked.ts';

/** A Dockerfile that was found, and the image that it makes. */
export interface Discovered {
  readonly id: string;
  /** Relative to the root, with `/`. */
  readonly dockerfile: string;
  /** Relative to the root; `.` for itself. */
  readonly context: string;
}

/** What was found, and the folders and files whose times tell whether it would be found again. */
export interface Discovery {
  readonly found: readonly Discovered[];
  /** Undefined where something changed so shortly before that times can't tell. */
  readonly seen: readonly string[] | undefined;
  /** The same folders and files, also where times can't tell. */
  readonly known: readonly string[];
}

export interface DiscoverOptions {
  /** A folder to remember walks in. */
  readonly state?: string;
  /** The time of day in milliseconds. */
  readonly now?: number;
}

const dockerfiles = ['**/Dockerfile', '**/*.Dockerfile', '**/Dockerfile.*', '**/Containerfile'];
const never = ['**/node_modules/**', '**/.git/**'];

/** Files beside a Dockerfile that are named after it, and templates of Dockerfiles. */
const notDockerfiles = /\.(dockerignore|md|j2|tmpl|tpl|template|erb|in|orig|bak|rej|swp)$|~$/i;

/** What `discover` looks for: to be told when nothing was found. */
export function soughtBy(options: Discover): readonly string[] {
  return options.include ?? dockerfiles;
}

/**
 * All Dockerfiles below `root` that git doesn't ignore, by path. Symbolic links and folders whose names begin with a
 * dot are not followed. A walk is remembered with each folder's times; while those are the same it costs one stat a
 * folder.
 */
export async function discover(root: string, written: Discover, options: DiscoverOptions = {}): Promise<Discovery> {
  const include = soughtBy(written);
  const { state } = options;
  const question = hash('sha256', JSON.stringify([root, include, written.exclude]), 'hex').slice(0, 32);
  const remembered = state === undefined ? undefined : recallWalk(join(state, 'walks', `${question}.json`));
  const { paths, ...looked } = remembered ?? (await walk(root, { ...written, include }, { ...options, question }));
  const found = paths.map((dockerfile) => ({
    id: idOf(dockerfile, root, written.name),
    dockerfile,
    context: written.context === 'root' ? '.' : posix.dirname(dockerfile),
  }));
  return { found, ...looked };
}

async function walk(
  root: string,
  { include, exclude = [] }: Discover & { readonly include: readonly string[] },
  { state, now = Date.now(), question }: DiscoverOptions & { readonly question: string },
): Promise<Omit<Discovery, 'found'> & { readonly paths: readonly string[] }> {
  const { default: glob } = await import('fast-glob');
  const walked = new Walked(now);
  const rules = new Map<string, readonly IgnoreRules[]>();

  const rulesOf = (folder: string, above: readonly IgnoreRules[]): readonly IgnoreRules[] => {
    const file = join(folder, '.gitignore');
    walked.look(file);
    const text = statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, 'utf8') : undefined;
    const all = text === undefined ? above : [...above, readGitignore(text, folder)];
    rules.set(folder, all);
    return all;
  };
  const top = gitTop(root) ?? root;
  let outer: readonly IgnoreRules[] = [];
  for (const folder of foldersBetween(top, dirname(root))) outer = rulesOf(folder, outer);

  const readdir = (folder: string): Dirent[] => {
    walked.look(folder);
    const entries = readable(folder);
    const own = entries.some(({ name }) => name === '.gitignore') || folder === root;
    const above = folder === root ? outer : (rules.get(dirname(folder)) ?? []);
    const here = own ? rulesOf(folder, above) : above;
    rules.set(folder, here);
    return entries.filter((entry) => {
      if (entry.name === 'node_modules' || entry.name === '.git') return false;
      return !isIgnored(here, join(folder, entry.name), { folder: entry.isDirectory() });
    });
  };
  const found = glob.sync([...include], {
    cwd: root,
    ignore: [...never, ...exclude],
    followSymbolicLinks: false,
    unique: true,
    fs: { readdirSync: readdir as unknown as typeof readdirSync },
  });
  const paths = found.filter((path) => !notDockerfiles.test(path)).sort();
  if (state !== undefined) keepWalk(join(state, 'walks', `${question}.json`), walked, paths);
  const { known } = walked;
  return { paths, seen: walked.record() && known, known };
}

/** What lies in a folder; nothing in one that this user may not read, as it could be no part of a build either. */
function readable(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (['EACCES', 'EPERM', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/** The folders from `top` down to `last`, both counted; none if `last` isn't below. */
function foldersBetween(top: string, last: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = last; folder === top || folder.startsWith(`${top}/`); folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  return folders;
}

/**
 * The id of a Dockerfile: its folder's name; `x` for `x.Dockerfile`; `folder-x` for `Dockerfile.x`. In the root, whose
 * name means little, `Dockerfile.x` is `x`.
 */
function idOf(path: string, root: string, template: string | undefined): string {
  const file = posix.basename(path);
  const folder = posix.dirname(path);
  const dir = folder === '.' ? basename(root) : posix.basename(folder);
  const variant = /^Dockerfile\.(.+)$/.exec(file)?.[1];
  const named = /^(.+)\.Dockerfile$/.exec(file)?.[1];
  const parts: Readonly<Record<string, string>> = {
    dir,
    parent: posix.basename(posix.dirname(folder)).replace(/^\.$/, ''),
    path: folder === '.' ? dir : folder.replaceAll('/', '-'),
    file: variant ?? named ?? '',
  };
  let id = named ?? (variant === undefined ? dir : folder === '.' ? variant : `${dir}-${variant}`);
  if (template !== undefined) id = template.replace(/\{(\w+)\}/g, (whole, name: string) => parts[name] ?? whole);
  return id.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[-._]+|[-.]+$/g, '');
}
