/** Writes text for people, in ASCII where the terminal may know nothing else. */
export function writerTo(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): (text: string) => void {
  return speaksUtf8(env) ? (text) => void stream.write(text) : (text) => void stream.write(inAscii(text));
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
  return text.replace(/[✔✖⚡⊘▸❯│├└─▏▰·…→↓]/g, (sign) => ascii[sign]!);
}
