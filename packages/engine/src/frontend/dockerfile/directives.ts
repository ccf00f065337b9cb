// `# syntax=`, `# escape=` and `# check=` at the top of a Dockerfile.

import { mistake } from './failure.ts';

export interface Directive {
  readonly name: 'syntax' | 'escape' | 'check';
  readonly value: string;
  readonly line: number;
}

const form = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const names: readonly string[] = ['syntax', 'escape', 'check'];

/** Reads directives line by line until the first line that is none; each may be used once. */
export class DirectiveReader {
  readonly #comment: string;
  readonly #seen = new Set<string>();
  #open = true;

  constructor(comment = '#') {
    this.#comment = comment;
  }

  read(text: string, line: number): Directive | undefined {
    if (!this.#open) return undefined;
    const found = text.startsWith(this.#comment) && form.exec(text.slice(this.#comment.length).trimStart());
    const name = found && found[1]!.toLowerCase();
    if (!found || !name || !names.includes(name)) {
      this.#open = false;
      return undefined;
    }
    if (this.#seen.has(name)) throw mistake(`only one ${name} parser directive can be used`, { token: found[1] });
    this.#seen.add(name);
    return { name: name as Directive['name'], value: found[2]!, line };
  }
}

/** A frontend asked for by `syntax`: the image, and the whole value, which becomes `cmdline`. */
export interface SyntaxDirective {
  readonly image: string;
  readonly cmdline: string;
  readonly line: number;
}

/**
 * The syntax that a text asks for, in any of the three forms that BuildKit knows (`# syntax=`, `// syntax=` and
 * `{"syntax": …}`), after an optional byte order mark and an optional `#!` line.
 */
export function detectSyntax(text: string): SyntaxDirective | undefined {
  const body = text.replace(/^\uFEFF/, '');
  const lines = body.split('\n');
  const skipped = lines[0]?.startsWith('#!') ? 1 : 0;
  for (const comment of ['#', '//']) {
    const found = topDirectives(lines.slice(skipped), comment).find((directive) => directive.name === 'syntax');
    if (found) return { image: found.value.split(' ')[0]!, cmdline: found.value, line: found.line + skipped };
  }
  const rest = skipped ? lines.slice(1).join('\n') : body;
  if (!rest.trimStart().startsWith('{')) return undefined;
  try {
    const syntax = (JSON.parse(rest) as { syntax?: unknown }).syntax;
    return typeof syntax === 'string' ? { image: syntax, cmdline: syntax, line: skipped + 1 } : undefined;
  } catch {
    return undefined; // not JSON, so not this form
  }
}

/** `# check=`, if there is one; its value up to the first blank. */
export function detectCheck(text: string): Pick<Directive, 'value' | 'line'> | undefined {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const skipped = lines[0]?.startsWith('#!') ? 1 : 0;
  const found = topDirectives(lines.slice(skipped), '#').find((directive) => directive.name === 'check');
  return found && { value: found.value.split(' ')[0]!, line: found.line + skipped };
}

function topDirectives(lines: readonly string[], comment: string): Directive[] {
  const reader = new DirectiveReader(comment);
  const found: Directive[] = [];
  for (const [index, line] of lines.entries()) {
    let directive: Directive | undefined;
    try {
      directive = reader.read(line, index + 1);
    } catch {
      break; // a repeated one: parsing tells of it with its place
    }
    if (!directive) break;
    found.push(directive);
  }
  return found;
}
