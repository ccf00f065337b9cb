// Which rules count, from `# check=`, the build argument and comments, and what they found.

import type { Diagnostic, Range } from '../../std/diagnostic.ts';
import { parseGoBool } from '../../std/go-bool.ts';
import { DirectiveReader } from './directives.ts';
import { mistake } from './failure.ts';
import { rules, type Rule, type RuleName } from './rules.ts';

/** `skip=A,B;error=true;experimental=all`, read. */
export interface CheckOptions {
  readonly skip: 'all' | ReadonlySet<string>;
  readonly experimental: 'all' | ReadonlySet<string>;
  /** Warnings fail the build. */
  readonly error: boolean;
}

/** Reads the form of `# check=`; throws a mistake. */
export function readCheckOptions(text: string): CheckOptions {
  const options: { -readonly [K in keyof CheckOptions]: CheckOptions[K] } = {
    skip: new Set(),
    experimental: new Set(),
    error: false,
  };
  if (text.trim() === '') return options;
  const parts = text.trim().split(';');
  for (const part of [...parts.slice(0, 2), ...(parts.length > 2 ? [parts.slice(2).join(';')] : [])]) {
    const equals = part.indexOf('=');
    if (equals < 0) throw unknownOption(part);
    const key = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (key === 'skip' || key === 'experimental') {
      options[key] = value === 'all' ? 'all' : new Set(value.split(',').map((name) => name.trim()));
    } else if (key === 'error') {
      const error = parseGoBool(value);
      if (error === undefined) throw mistake(`failed to parse check option "${part}"`, { token: part });
      options.error = error;
    } else throw unknownOption(key);
  }
  return options;
}

function unknownOption(option: string) {
  return mistake(`invalid check option "${option}"`, {
    token: option,
    nearTo: { word: option, candidates: ['skip', 'error', 'experimental'] },
    hint: 'write skip=Rule,Rule or error=true, with a semicolon between the two',
  });
}

/** Passes on what the rules find, as they find it. */
export class Checks {
  /** For the second platform and on: what there is to find was found for the first. */
  static readonly none: Checks = new Checks(
    { skip: 'all', experimental: new Set(), error: false },
    '',
    () => undefined,
  );
  readonly #options: CheckOptions;
  readonly #file: string;
  readonly #tell: (diagnostic: Diagnostic) => void;
  readonly #found: Diagnostic[] = [];

  constructor(options: CheckOptions, file: string, tell: (diagnostic: Diagnostic) => void) {
    this.#options = options;
    this.#file = file;
    this.#tell = tell;
  }

  /** Tells of `range` that a rule found it. A `# check=` among the `comments` above counts for this place alone. */
  warn(name: RuleName, message: string, range: Range, comments: readonly string[] = []): void {
    const rule: Rule = rules[name];
    const here = inComments(comments);
    const named = (list: 'all' | ReadonlySet<string>) => list === 'all' || list.has(name);
    if (rule.experimental) {
      if (!named(this.#options.experimental) && !(here && named(here.experimental))) return;
    } else if (named(this.#options.skip) || (here && named(here.skip))) return;
    const diagnostic: Diagnostic = {
      severity: this.#options.error ? 'error' : 'warning',
      code: name,
      message,
      hint: rule.description,
      ...(rule.url !== undefined && { url: rule.url }),
      file: this.#file,
      range,
    };
    this.#found.push(diagnostic);
    this.#tell(diagnostic);
  }

  /** Throws if something was found and `error=true` makes that a failure. */
  enforce(): void {
    const [first] = this.#found;
    if (!this.#options.error || !first) return;
    const names = new Set(this.#found.map((diagnostic) => diagnostic.code));
    throw mistake(`lint violation found for rules: ${[...names].join(', ')}`, first.range && { range: first.range });
  }
}

function inComments(comments: readonly string[]): CheckOptions | undefined {
  for (const comment of comments) {
    const directive = new DirectiveReader('').read(comment, 0);
    if (directive?.name !== 'check') continue;
    try {
      return readCheckOptions(directive.value.split(' ')[0]!);
    } catch {
      return undefined; // a comment that only looks like one
    }
  }
  return undefined;
}
