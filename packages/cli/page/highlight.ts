// The colours of a Dockerfile's text, line by line. It only looks at the text: what it means is the frontend's to say.

export interface Piece {
  readonly text: string;
  /** A class name; none for plain text. */
  readonly kind?: 'comment' | 'directive' | 'keyword' | 'flag' | 'variable' | 'string' | 'heredoc';
}

const instruction = /^(\s*)([A-Za-z]+)(?=\s|$)/;
const keywords = new Set(
  'add arg cmd copy entrypoint env expose from healthcheck label maintainer onbuild run shell stopsignal user volume workdir'.split(
    ' ',
  ),
);

/** The pieces of each line. They join to the text. */
export function highlight(text: string): readonly (readonly Piece[])[] {
  let continued = false;
  let escape = '\\';
  const heredocs: { readonly end: string; readonly dash: boolean }[] = [];
  let top = true;
  return text.split('\n').map((line): readonly Piece[] => {
    const open = heredocs[0];
    if (open && !continued) {
      if ((open.dash ? line.replace(/^\t+/, '') : line) === open.end) {
        heredocs.shift();
        return [{ text: line, kind: 'keyword' }];
      }
      return [{ text: line, kind: 'heredoc' }];
    }
    if (/^\s*#/.test(line)) {
      const directive = top && /^\s*#\s*[a-z]+\s*=/i.test(line);
      const [, given] = /^\s*#\s*escape\s*=\s*([\\`])\s*$/i.exec(line) ?? [];
      if (directive && given) escape = given;
      top = directive;
      return [{ text: line, kind: directive || /^\s*#\s*check=/.test(line) ? 'directive' : 'comment' }];
    }
    if (line.trim() === '') {
      top = false;
      return [{ text: line }];
    }
    top = false;
    const pieces: Piece[] = [];
    let rest = line;
    let word = '';
    if (!continued) {
      for (let match = instruction.exec(rest); match; match = word === 'onbuild' ? instruction.exec(rest) : null) {
        if (!keywords.has(match[2]!.toLowerCase())) break;
        word = match[2]!.toLowerCase();
        if (match[1]) pieces.push({ text: match[1] });
        pieces.push({ text: match[2]!, kind: 'keyword' });
        rest = rest.slice(match[0].length);
      }
    }
    pieces.push(...argumentsOf(rest, word));
    if (['run', 'copy', 'add'].includes(word) || continued) {
      for (const [, dash, , end] of rest.matchAll(/<<(-?)(["']?)([A-Za-z_][\w.]*)\2/g))
        heredocs.push({ end: end!, dash: dash !== '' });
    }
    continued = line.trimEnd().endsWith(escape);
    return pieces;
  });
}

const parts =
  /(?<flag>(?<=^(?:\s+--\S+)*\s+)--[a-z][\w-]*(?==|\s|$))|(?<variable>\$(?:\{[^}]*\}|\w+))|(?<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?<as>(?<=\s)as(?=\s))|(?<heredoc><<-?["']?\w+["']?)/gi;

function argumentsOf(text: string, word: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(parts)) {
    const groups = match.groups!;
    if (groups['as'] !== undefined && word !== 'from') continue;
    if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
    const kind = groups['as']
      ? 'keyword'
      : (Object.keys(groups).find((name) => groups[name] !== undefined) as Piece['kind']);
    pieces.push({ text: match[0], ...(kind && { kind }) });
    at = match.index + match[0].length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}
