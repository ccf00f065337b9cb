import { globStarExpression } from '@monokit/engine/std/glob';

/** The rules of one .gitignore; they hold for what lies below its folder. */
export interface IgnoreRules {
  readonly folder: string;
  readonly rules: readonly Rule[];
}

interface Rule {
  /** A line that begins with `!` takes back what earlier ones matched. */
  readonly exception: boolean;
  readonly foldersOnly: boolean;
  /** Judges a path relative to the folder. */
  readonly test: (path: string) => boolean;
}

/** Reads a .gitignore as git does. `folder` is absolute. */
export function readGitignore(text: string, folder: string): IgnoreRules {
  const rules: Rule[] = [];
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    // Spaces at the end count only behind a backslash.
    const trimmed = line.replace(/(?<!\\) +$/, '');
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const exception = trimmed.startsWith('!');
    const written = (exception ? trimmed.slice(1) : trimmed).replace(/^\\(?=[#!])/, '');
    const foldersOnly = written.endsWith('/');
    const pattern = foldersOnly ? written.slice(0, -1) : written;
    if (pattern === '') continue;
    const anchored = pattern.includes('/');
    const test = compiled(anchored ? pattern.replace(/^\//, '') : `**/${pattern}`);
    if (test) rules.push({ exception, foldersOnly, test });
  }
  return { folder, rules };
}

/** Whether any of the files' rules ignores a path; the deepest file that says anything decides, and its last line. */
export function isIgnored(files: readonly IgnoreRules[], path: string, kind: { readonly folder: boolean }): boolean {
  for (const { folder, rules } of files.toReversed()) {
    const base = folder === '/' ? '/' : `${folder}/`;
    if (!path.startsWith(base)) continue;
    const below = path.slice(base.length);
    const rule = rules.findLast(({ foldersOnly, test }) => (kind.folder || !foldersOnly) && test(below));
    if (rule) return !rule.exception;
  }
  return false;
}

/** git passes over patterns that can't be read. */
function compiled(pattern: string): ((path: string) => boolean) | undefined {
  try {
    const expression = globStarExpression(pattern.replaceAll('[!', '[^'));
    return (path) => expression.test(path);
  } catch {
    return undefined;
  }
}
