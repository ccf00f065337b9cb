// HCL's text as tokens. Templates nest in expressions and expressions in templates; a stack remembers which of them the
// next character belongs to.

import { mistake, type SourceText, type Span } from './mistake.ts';

export interface Token extends Span {
  /**
   * `literal` is text between the marks of a template, as it was written. `open` begins a template (a quote or a
   * heredoc), `close` ends it; `interpolation` and `directive` begin a sequence in it, which `end` ends.
   */
  readonly kind:
    | 'identifier'
    | 'number'
    | 'mark'
    | 'newline'
    | 'open'
    | 'close'
    | 'literal'
    | 'interpolation'
    | 'directive'
    | 'end'
    | 'eof';
  readonly text: string;
}

type Mode =
  | { readonly in: 'expression'; braces: number }
  | { readonly in: 'quote'; readonly opened: number }
  /** A text that is one template as a whole: a string of JSON. */
  | { readonly in: 'bare' }
  | { readonly in: 'heredoc'; readonly opened: number; readonly marker: string; lineStarts: boolean };

const space = /(?:[ \t]|\r(?=\n))+/y;
const comment = /(?:#|\/\/)[^\n]*/y;
const identifier = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
const numeral = /\d(?:[\d.]|[eE][+-]?\d)*/y;
const heredoc = /<<(-?)([\p{ID_Start}_][\p{ID_Continue}-]*)\r?\n/uy;
const marks = /\.\.\.|=>|==|!=|>=|<=|&&|\|\||::|[[\](){}.,*/%+\-=<>!?:]/y;

/** The tokens of a text, the last of them `eof`. Throws a `HclMistake` at the first thing that is no token. */
export function tokensOf(source: SourceText, first: 'expression' | 'bare' = 'expression'): readonly Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  const modes: Mode[] = [first === 'bare' ? { in: 'bare' } : { in: 'expression', braces: 0 }];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;

  const matched = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const push = (kind: Token['kind'], length: number) => {
    tokens.push({ kind, text: text.slice(at, at + length), start: at, end: at + length });
    at += length;
  };
  const wrong = (length: number, message: string, hint?: string) =>
    mistake(source, { start: at, end: at + length }, message, hint);

  /** The beginning of a sequence, if one begins here. */
  const sequence = (): boolean => {
    const opener = text.startsWith('${', at) ? 'interpolation' : text.startsWith('%{', at) ? 'directive' : undefined;
    if (!opener) return false;
    push(opener, text[at + 2] === '~' ? 3 : 2);
    modes.push({ in: 'expression', braces: 0 });
    return true;
  };

  const expression = (mode: Extract<Mode, { in: 'expression' }>): void => {
    const skipped = matched(space) ?? matched(comment);
    if (skipped) {
      at += skipped[0].length;
      return;
    }
    if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      if (end < 0) throw wrong(2, 'this comment has no end', 'write */ after it');
      at = end + 2;
      return;
    }
    const c = text[at]!;
    const inTemplate = modes.length > 1 && mode.braces === 0;
    if (c === '\n') push('newline', 1);
    else if (c === '"') {
      modes.push({ in: 'quote', opened: at });
      push('open', 1);
    } else if (c === '}' && inTemplate) {
      modes.pop();
      push('end', 1);
    } else if (inTemplate && text.startsWith('~}', at)) {
      modes.pop();
      push('end', 2);
    } else {
      const opened = c === '<' ? matched(heredoc) : null;
      const found = opened ? null : (matched(identifier) ?? matched(numeral) ?? matched(marks));
      if (opened) {
        modes.push({ in: 'heredoc', opened: at, marker: opened[2]!, lineStarts: true });
        push('open', opened[0].length);
      } else if (!found) throw unknownCharacter();
      else if (/^\d/.test(found[0])) push('number', found[0].replace(/\.+$/, '').length);
      else if (/^[\p{ID_Start}_]/u.test(found[0])) push('identifier', found[0].length);
      else {
        if (c === '{') mode.braces++;
        if (c === '}') mode.braces--;
        push('mark', found[0].length);
      }
    }
  };

  const unknownCharacter = () => {
    const c = String.fromCodePoint(text.codePointAt(at)!);
    if (c === "'") return wrong(1, 'a text is written in double quotes, not in single ones');
    if (c === '`') return wrong(1, 'a text is written in double quotes, or as a heredoc (<<EOT)');
    if (c === ';') return wrong(1, 'there is no ";" in HCL', 'put each argument on a line of its own');
    if (c === '&' || c === '|') return wrong(1, `there is no operator ${c}`, `write ${c}${c}`);
    if ('“”„'.includes(c)) return wrong(1, 'these are curly quotes', 'write straight ones: "');
    return wrong(c.length, `${JSON.stringify(c)} has no meaning here`);
  };

  const quote = (opened: number): void => {
    if (text[at] === '"') {
      modes.pop();
      push('close', 1);
      return;
    }
    if (sequence()) return;
    let to = at;
    while (to < text.length && text[to] !== '"' && text[to] !== '\n') {
      if (text.startsWith('$${', to) || text.startsWith('%%{', to)) to += 3;
      else if (text.startsWith('${', to) || text.startsWith('%{', to)) break;
      else to += text[to] === '\\' && text[to + 1] !== '\n' ? 2 : 1;
    }
    if (text[to] === '\n' || to >= text.length) {
      const hint = 'write \\n for a line break in it, or a heredoc (<<EOT) for several lines';
      throw mistake(source, { start: opened, end: Math.min(to, text.length) }, 'this text has no closing quote', hint);
    }
    push('literal', to - at);
  };

  const bare = (): void => {
    if (!sequence()) push('literal', literalEnd(text.length) - at);
  };

  const inHeredoc = (mode: Extract<Mode, { in: 'heredoc' }>): void => {
    const newline = text.indexOf('\n', at);
    const lineEnd = newline < 0 ? text.length : newline;
    if (mode.lineStarts) {
      const line = text.slice(at, lineEnd);
      if (line.trim() === mode.marker) {
        modes.pop();
        push('close', line.replace(/\r$/, '').length);
        return;
      }
    }
    if (sequence()) {
      mode.lineStarts = false;
      return;
    }
    const to = literalEnd(lineEnd);
    const whole = to === lineEnd;
    if (whole && newline < 0) {
      const hint = `write ${mode.marker} on a line of its own after it`;
      throw mistake(source, { start: mode.opened, end: mode.opened + 2 }, 'this heredoc has no end', hint);
    }
    push('literal', (whole ? lineEnd + 1 : to) - at);
    mode.lineStarts = whole;
  };

  /** Where the literal text that begins here ends: before the next sequence, or at `limit`. */
  const literalEnd = (limit: number): number => {
    let to = at;
    while (to < limit) {
      if (text.startsWith('$${', to) || text.startsWith('%%{', to)) to += 3;
      else if (text.startsWith('${', to) || text.startsWith('%{', to)) break;
      else to++;
    }
    return Math.min(to, limit);
  };

  while (at < text.length) {
    const mode = modes.at(-1)!;
    if (mode.in === 'expression') expression(mode);
    else if (mode.in === 'quote') quote(mode.opened);
    else if (mode.in === 'bare') bare();
    else inHeredoc(mode);
  }
  const open = modes.findLast((mode) => mode.in === 'quote' || mode.in === 'heredoc');
  if (open && 'opened' in open)
    throw mistake(
      source,
      { start: open.opened, end: open.opened + 1 },
      'this text has no end before the end of the file',
    );
  push('eof', 0);
  return tokens;
}
