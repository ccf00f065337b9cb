/** Writes text for people, in ASCII where the terminal may know nothing else. */
export function writerTo(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): (text: string) => void {
  return speaksUtf8(env) ? (text) => void stream.write(text) : (text) => void stream.write(inAscii(text));
}

/** How wide a terminal is: by itself, else by `COLUMNS`; some that nobody sees (in containers and CIs) say 0. */
export function columnsOf(stream: Pick<NodeJS.WriteStream, 'columns'>, env: NodeJS.ProcessEnv = process.env): number {
  return stream.columns || Number(env['COLUMNS']) || 80;
}

/** The terminal; one of 80 columns and 24 rows where it says of itself that it has none. */
export function sized(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): NodeJS.WriteStream {
  if (stream.columns !== 0 && stream.rows !== 0) return stream;
  const size = { columns: { value: columnsOf(stream, env) }, rows: { value: stream.rows || 24 } };
  return Object.create(stream, size) as NodeJS.WriteStream;
}

/** Columns that a line may take: sixty at least on a terminal, any elsewhere. */
export function roomOf(stream: NodeJS.WriteStream, env?: NodeJS.ProcessEnv): number {
  return stream.isTTY ? Math.max(60, columnsOf(stream, env)) : Number.POSITIVE_INFINITY;
}

/** By the locale; a machine that says nothing is taken for a modern one. */
export function speaksUtf8(env: NodeJS.ProcessEnv): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || 'C.UTF-8';
  return env['TERM'] !== 'dumb' && /utf-?8/i.test(locale);
}

/** All of one column, so that what fits still fits. */
const ascii: Readonly<Record<string, string>> = {
  '✔': '+',
  '✖': 'x',
  '⚡': 'c',
  '☁': 'r',
  '⊘': '-',
  '▸': '>',
  '❯': '>',
  '│': '|',
  '├': '|',
  '└': '`',
  '─': '-',
  '▏': '|',
  '▰': '#',
  '·': '-',
  '…': '~',
  '→': '>',
  '↓': 'v',
};

/** Our own signs by ASCII ones; what people wrote stays as it is. */
export function inAscii(text: string): string {
  return text.replace(/[✔✖⚡☁⊘▸❯│├└─▏▰·…→↓]/g, (sign) => ascii[sign]!);
}
