import { Failed } from './failed.ts';
import { globTest, type GlobStep, type GlobTest } from './glob-steps.ts';

/** A pattern that cannot be read, such as `a[` or `a\`. */
export interface BadPattern {
  readonly kind: 'bad-pattern';
  readonly pattern: string;
  readonly message: string;
}

/**
 * Whether `name` matches `pattern` by Go's `filepath.Match`: `*` and `?` stop at `/`, `[a-z]` and `[^a]` are classes,
 * `\` takes the next character as it is. The whole name has to match. Throws `Failed<BadPattern>`.
 */
export function matchGlob(pattern: string, name: string): boolean {
  return globExpression(pattern).test(name);
}

/** `pattern` compiled once, for many names. Throws `Failed<BadPattern>`. */
export function globExpression(pattern: string): GlobTest {
  return compileGlob(pattern, false);
}

/** As `globExpression`, and `**` stands for any number of folders (and, at the end, for everything). */
export function globStarExpression(pattern: string): GlobTest {
  return compileGlob(pattern, true);
}

/** Whether a path has an unescaped `*`, `?` or `[`, so that it may stand for several files. */
export function hasWildcards(path: string): boolean {
  for (let i = 0; i < path.length; i++) {
    const c = path[i]!;
    if (c === '\\') i++;
    else if (c === '*' || c === '?' || c === '[') return true;
  }
  return false;
}

function compileGlob(pattern: string, globStar: boolean): GlobTest {
  const chars = [...pattern];
  const steps: GlobStep[] = [];
  const star = (kind: 'run' | 'folders' | 'rest') => {
    // Several in a row are one.
    if (steps.at(-1)?.kind !== kind) steps.push({ kind });
  };
  let at = 0;
  const bad = () =>
    new Failed<BadPattern>({
      kind: 'bad-pattern',
      pattern,
      message: `syntax error in pattern ${JSON.stringify(pattern)}`,
    });
  const escaped = (): string => {
    const c = chars[at];
    if (c === undefined || c === '-' || c === ']') throw bad();
    if (c === '\\') at++;
    const taken = chars[at];
    if (taken === undefined) throw bad();
    at++;
    return quoted(taken);
  };
  while (at < chars.length) {
    const c = chars[at++]!;
    if (c === '*' && globStar && chars[at] === '*') {
      at++;
      if (chars[at] === '/') at++;
      star(at === chars.length ? 'rest' : 'folders');
    } else if (c === '*') star('run');
    else if (c === '?') steps.push({ kind: 'one', source: '[^/]' });
    else if (c === '\\') {
      const taken = chars[at++];
      if (taken === undefined) throw bad();
      steps.push({ kind: 'one', source: quoted(taken) });
    } else if (c === '[') {
      let source = '[';
      if (chars[at] === '^') {
        at++;
        source += '^';
      }
      for (let count = 0; count === 0 || chars[at] !== ']'; count++) {
        const low = escaped();
        let high = low;
        if (chars[at] === '-') {
          at++;
          high = escaped();
        }
        // An upside-down range matches nothing, as in Go; an expression would refuse it.
        if (bare(low) > bare(high)) continue;
        source += low === high ? low : `${low}-${high}`;
        if (at >= chars.length) throw bad();
      }
      at++;
      steps.push({ kind: 'one', source: `${source}]` });
    } else steps.push({ kind: 'one', source: quoted(c) });
  }
  return globTest(steps);
}

function quoted(character: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(character) ? (character === '-' ? '\\x2d' : `\\${character}`) : character;
}

function bare(quotedCharacter: string): number {
  return quotedCharacter === '\\x2d' ? 0x2d : quotedCharacter.codePointAt(quotedCharacter.startsWith('\\') ? 1 : 0)!;
}
