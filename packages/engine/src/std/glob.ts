import { Failed } from './failed.ts';

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
export function globExpression(pattern: string): RegExp {
  return compileGlob(pattern, false);
}

/** As `globExpression`, and `**` stands for any number of folders (and, at the end, for everything). */
export function globStarExpression(pattern: string): RegExp {
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

function compileGlob(pattern: string, globStar: boolean): RegExp {
  const chars = [...pattern];
  let source = '^';
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
      source += at === chars.length ? '.*' : '(?:.*/)?';
    } else if (c === '*') {
      // Several stars in a row are one; they would only make matching slow.
      if (globStar || chars[at] !== '*') source += '[^/]*';
    } else if (c === '?') source += '[^/]';
    else if (c === '\\') {
      const taken = chars[at++];
      if (taken === undefined) throw bad();
      source += quoted(taken);
    } else if (c === '[') {
      source += '[';
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
      source += ']';
    } else source += quoted(c);
  }
  return new RegExp(`${source}$`, 'su');
}

function quoted(character: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(character) ? (character === '-' ? '\\x2d' : `\\${character}`) : character;
}

function bare(quotedCharacter: string): number {
  return quotedCharacter === '\\x2d' ? 0x2d : quotedCharacter.codePointAt(quotedCharacter.startsWith('\\') ? 1 : 0)!;
}
