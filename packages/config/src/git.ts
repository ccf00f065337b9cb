// What a configuration may ask of the repository around it, read from git's own files: starting git costs 5 ms.

import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Git } from './config.ts';

/** The nearest folder at or above `from` that has a `.git`, or undefined outside of any repository. */
export function gitTop(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (statSync(join(folder, '.git'), { throwIfNoEntry: false })) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** What a repository whose references are kept in a reftable has in its HEAD, and nothing else. */
const inReftable = 'refs/heads/.invalid';

/** What is checked out at `root`. */
export function readGit(root: string | undefined): Git {
  if (root === undefined) return { root, commit: undefined, branch: undefined };
  const folder = gitFolder(root);
  const head = folder && contentOf(join(folder, 'HEAD'))?.trim();
  if (!folder || !head) return { root, commit: undefined, branch: undefined };
  const reference = referenceIn(head);
  if (reference === undefined) return { root, commit: head, branch: undefined };
  if (reference === inReftable) return askGit(root);
  const common = commonFolder(folder);
  const loose = contentOf(join(folder, reference)) ?? contentOf(join(common, reference));
  const branch = reference.startsWith('refs/heads/') ? reference.slice('refs/heads/'.length) : undefined;
  return { root, commit: loose?.trim() ?? packed(common, reference), branch };
}

/** The files (there or not) that decide what is checked out at `root`; undefined where only git can tell. */
export function filesOfGit(root: string | undefined): readonly string[] | undefined {
  if (root === undefined) return [];
  const folder = gitFolder(root);
  if (folder === undefined) return [join(root, '.git')];
  const reference = referenceIn(contentOf(join(folder, 'HEAD'))?.trim() ?? '');
  if (reference === inReftable) return undefined;
  const common = commonFolder(folder);
  const named = reference === undefined ? [] : [join(folder, reference), join(common, reference)];
  return [
    join(root, '.git'),
    ...['HEAD', 'commondir'].map((name) => join(folder, name)),
    ...named,
    join(common, 'packed-refs'),
  ];
}

/** The file that is there while git changes the work tree that `from` is in; undefined outside of any. */
export function gitLock(from: string): string | undefined {
  const top = gitTop(from);
  const folder = top === undefined ? undefined : gitFolder(top);
  return folder === undefined ? undefined : join(folder, 'index.lock');
}

function referenceIn(head: string): string | undefined {
  return /^ref: (.+)$/.exec(head)?.[1];
}

/** The folder that a work tree shares with others of its repository. */
function commonFolder(folder: string): string {
  const shared = contentOf(join(folder, 'commondir'))?.trim();
  return shared === undefined ? folder : resolve(folder, shared);
}

/**
 * Where the repository at `root` came from: the remote of the branch that is checked out, else `origin` or `upstream`.
 * Without credentials; undefined where that is no address that means anything to others.
 */
export function remoteUrl(root: string): string | undefined {
  const folder = gitFolder(root);
  if (folder === undefined) return undefined;
  const sections = readSections(contentOf(join(commonFolder(folder), 'config')) ?? '');
  const { branch } = readGit(root);
  const tracked = branch === undefined ? undefined : sections.get(`branch "${branch}"`)?.get('remote');
  for (const remote of [tracked, 'origin', 'upstream']) {
    const url = remote === undefined ? undefined : sections.get(`remote "${remote}"`)?.get('url');
    if (url === undefined) continue;
    if (/^[\w.-]+@[\w.-]+:/.test(url)) return url;
    if (!/^(https?|ssh|git):\/\//.test(url) || !URL.canParse(url)) return undefined;
    return url.replace(/^(https?:\/\/)[^/?#]*@/, '$1').replace(/^((?:ssh|git):\/\/[^/?#:@]*):[^/?#]*@/, '$1@');
  }
  return undefined;
}

/** The sections of git's own configuration, by their header; of a key that is there twice the last value. */
function readSections(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of text.split('\n')) {
    const header = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    const [, key, value] = /^\s*([A-Za-z][\w-]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (header !== undefined) sections.set(header, (section = sections.get(header) ?? new Map()));
    else if (key !== undefined) section.set(key.toLowerCase(), value!.replace(/^"(.*)"$/, '$1'));
  }
  return sections;
}

function gitFolder(root: string): string | undefined {
  const path = join(root, '.git');
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  const pointed = /^gitdir: (.+)$/m.exec(contentOf(path) ?? '')?.[1];
  return pointed === undefined ? undefined : resolve(root, pointed.trim());
}

function packed(common: string, reference: string): string | undefined {
  const lines = contentOf(join(common, 'packed-refs'))?.split('\n') ?? [];
  return lines.find((line) => line.endsWith(` ${reference}`))?.split(' ')[0];
}

function askGit(root: string): Git {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const ask = (...args: string[]) => {
    const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
    return status === 0 ? stdout.trim() : undefined;
  };
  return {
    root,
    commit: ask('rev-parse', '--verify', '-q', 'HEAD'),
    branch: ask('symbolic-ref', '--short', '-q', 'HEAD'),
  };
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
