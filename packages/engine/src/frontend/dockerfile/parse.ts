// Text → nodes: directives, comments, continued lines, flags and heredocs. What the words mean is the instructions' matter.

import type { Range } from '../../std/diagnostic.ts';
import type { Failed } from '../../std/failed.ts';
import { DirectiveReader, type Directive } from './directives.ts';
import { isMistake, mistake, placed, withPlace, type Mistake } from './failure.ts';
import { heredocsOf, type Heredoc, type HeredocWord } from './heredoc.ts';

/** One instruction as written. */
export interface Node {
  /** The instruction's name, in the case it was written in. */
  readonly keyword: string;
  /** `--name=value` words before the arguments, without their quotes. */
  readonly flags: readonly string[];
  /** What follows the flags; continued lines are joined. */
  readonly rest: string;
  /** The whole instruction on one line. */
  readonly original: string;
  readonly heredocs: readonly Heredoc[];
  /** The first line to the last, heredocs with it. */
  readonly range: Range;
  /** Comment lines right above, without `#`. */
  readonly comments: readonly string[];
  /** `\` or a backtick. */
  readonly escape: string;
}

export interface Parsed {
  readonly nodes: readonly Node[];
  readonly directives: readonly Directive[];
  readonly escape: string;
  readonly lines: readonly string[];
  /** Lines at which a continued instruction has empty lines in it. */
  readonly emptyContinuations: readonly number[];
  /** Everything wrong that was found; the nodes are then incomplete. */
  readonly mistakes: readonly Failed<Mistake>[];
}

/** A line may have this many bytes, its end with it. */
const longestLine = 65535;

/** Splits a Dockerfile into instructions. Mistakes are collected, not thrown. */
export function parse(text: string): Parsed {
  const lines = splitLines(text.replace(/^\uFEFF/, ''));
  return new Parser(lines).parse();
}

/** A range over whole lines, `first` to `last`. */
export function lineRange(first: number, last: number, lines: readonly string[]): Range {
  const text = lines[first - 1] ?? '';
  const end = (lines[last - 1] ?? '').replace(/[\r\n]+$/, '');
  return {
    start: { line: first, column: text.length - text.trimStart().length + 1 },
    end: { line: last, column: end.length + 1 },
  };
}

/** The keyword, flags and arguments of an instruction's line. */
export function splitInstruction(line: string, escape: string): Pick<Node, 'keyword' | 'flags' | 'rest'> {
  const trimmed = line.trim();
  const blank = /[\t\v\f\r ]+/.exec(trimmed);
  if (!blank) return { keyword: trimmed, flags: [], rest: '' };
  const { flags, rest } = splitFlags(trimmed.slice(blank.index + blank[0].length), escape);
  return { keyword: trimmed.slice(0, blank.index), flags, rest: rest.trim() };
}

/** Whether the arguments are a JSON list (of whatever). */
function isJsonList(rest: string): boolean {
  if (!rest.startsWith('[')) return false;
  try {
    JSON.parse(rest);
    return true;
  } catch {
    return false;
  }
}

class Parser {
  readonly #lines: readonly string[];
  readonly #directives = new DirectiveReader();
  readonly #found: Directive[] = [];
  readonly #nodes: Node[] = [];
  readonly #empty: number[] = [];
  readonly #mistakes: Failed<Mistake>[] = [];
  #escape = '\\';
  #comments: string[] = [];
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  parse(): Parsed {
    const tooLong = this.#lines.findIndex(
      (line) => line.length > longestLine / 3 && Buffer.byteLength(line) > longestLine + 1,
    );
    if (tooLong >= 0) {
      const range = { start: { line: tooLong + 1, column: 1 }, end: { line: tooLong + 1, column: 1 } };
      this.#mistakes.push(mistake(`dockerfile line greater than max allowed size of ${longestLine}`, { range }));
    } else {
      while (this.#at < this.#lines.length) this.#instruction();
      if (this.#nodes.length === 0 && this.#mistakes.length === 0) {
        const range = lineRange(Math.max(1, this.#lines.length), Math.max(1, this.#lines.length), this.#lines);
        this.#mistakes.push(mistake('file with no instructions', { range }));
      }
    }
    return {
      nodes: this.#nodes,
      directives: this.#found,
      escape: this.#escape,
      lines: this.#lines,
      emptyContinuations: this.#empty,
      mistakes: this.#mistakes,
    };
  }

  #instruction(): void {
    const first = this.#at + 1;
    const text = withoutEnd(this.#lines[this.#at++]!).trimStart();
    this.#directive(text, first);
    if (text.startsWith('#')) {
      this.#comment(text, first);
      return;
    }
    const pieces: string[] = [];
    let { line, continues } = cutContinuation(text, this.#escape);
    if (!continues && line === '') return;
    pieces.push(line);
    let hasEmpty = false;
    while (continues && this.#at < this.#lines.length) {
      const next = withoutEnd(this.#lines[this.#at++]!);
      const trimmed = next.trimStart();
      if (trimmed.startsWith('#')) continue;
      if (trimmed === '') {
        hasEmpty = true;
        continue;
      }
      ({ line, continues } = cutContinuation(next, this.#escape));
      pieces.push(line);
    }
    if (hasEmpty) this.#empty.push(this.#at);
    this.#add(pieces.join(''), first);
  }

  #add(original: string, first: number): void {
    const comments = this.#comments;
    this.#comments = [];
    try {
      const parts = splitInstruction(original, this.#escape);
      const heredocs = holdsHeredocs(parts, this.#escape)
        ? heredocsOf(original).map((word) => this.#heredoc(word))
        : [];
      const range = lineRange(first, this.#at, this.#lines);
      this.#nodes.push({ ...parts, original, heredocs, range, comments, escape: this.#escape });
    } catch (error) {
      const told = withPlace(error, lineRange(first, this.#at, this.#lines));
      if (!isMistake(told)) throw told;
      this.#mistakes.push(told);
    }
  }

  #heredoc(word: HeredocWord): Heredoc {
    const begin = this.#at;
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at++]!;
      const end = withoutEnd(line);
      if ((word.chomp ? end.replace(/^\t+/, '') : end) === word.name) {
        return { ...word, content: this.#lines.slice(begin, this.#at - 1).join('') };
      }
    }
    throw mistake(`unterminated heredoc: no line below is ${word.name} and nothing else`, {
      token: `<<${word.chomp ? '-' : ''}`,
    });
  }

  #directive(text: string, line: number): void {
    try {
      const directive = placed(lineRange(line, line, this.#lines), () => this.#directives.read(text, line));
      if (!directive) return;
      this.#found.push(directive);
      if (directive.name !== 'escape') return;
      if (directive.value !== '\\' && directive.value !== '`') {
        throw mistake(`invalid escape token '${directive.value}' does not match \` or \\`, {
          range: lineRange(line, line, this.#lines),
        });
      }
      this.#escape = directive.value;
    } catch (error) {
      if (!isMistake(error)) throw error;
      this.#mistakes.push(error);
    }
  }

  /** Comments right above an instruction are its documentation; an empty one ends what came before. */
  #comment(text: string, line: number): void {
    if (this.#found.at(-1)?.line === line) return;
    const comment = text.slice(1).trim();
    if (comment === '') this.#comments = [];
    else this.#comments.push(comment);
  }
}

export function splitLines(text: string): readonly string[] {
  const lines: string[] = [];
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const next = end < 0 ? text.length : end + 1;
    lines.push(text.slice(start, next));
    start = next;
  }
  return lines;
}

function withoutEnd(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--;
  return line.slice(0, end);
}

/** A line continues if the escape character ends it (blanks aside), unless another escape character precedes that one. */
function cutContinuation(text: string, escape: string): { line: string; continues: boolean } {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  const continues = text[end - 1] === escape && text[end - 2] !== escape;
  return { line: continues ? text.slice(0, end - 1) : text, continues };
}

/** ADD, COPY and RUN (also as an ONBUILD trigger) take heredocs, except in JSON form. */
function holdsHeredocs(parts: Pick<Node, 'keyword' | 'rest'>, escape: string): boolean {
  if (!parts.rest.includes('<<')) return false;
  const inner = parts.keyword.toLowerCase() === 'onbuild' ? splitInstruction(parts.rest, escape) : parts;
  return ['add', 'copy', 'run'].includes(inner.keyword.toLowerCase()) && !isJsonList(inner.rest);
}

/** Takes `--flag` words off the beginning of the arguments. A lone `--` ends them. */
function splitFlags(text: string, escape: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/.test(text[at]!)) at++;
    if (!text.startsWith('--', at)) return { flags, rest: text.slice(at) };
    let word = '';
    let quote = '';
    let quoted = false;
    for (; at < text.length; at++) {
      const character = text[at]!;
      if (character === escape) {
        if (++at < text.length) word += text[at]!;
      } else if (quote) {
        if (character === quote) quote = '';
        else word += character;
      } else if (character === '"' || character === "'") {
        quote = character;
        quoted = true;
      } else if (/\s/.test(character)) break;
      else word += character;
    }
    if (word === '--') return { flags, rest: text.slice(at) };
    if (quoted || word !== '') flags.push(word);
  }
}
