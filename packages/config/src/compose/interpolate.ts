// `$NAME`, `${NAME}` and `${NAME:-otherwise}` in texts, as Compose fills them in; `$$` stands for `$`.

export interface Names {
  /** The value of a variable; undefined where it isn't set. */
  readonly lookUp: (name: string) => string | undefined;
  /** Told of names that are not set and have no default. */
  readonly unset: (name: string) => void;
}

/** Deeper nesting than this is refused. */
const deepest = 50;

/** A text with its variables filled in. Throws a `TypeError` that says what is wrong. */
export function interpolated(written: string, names: Names, depth = 0): string {
  if (!written.includes('$')) return written;
  if (depth > deepest) throw new TypeError('variables are nested too deeply');
  let made = '';
  let at = 0;
  while (at < written.length) {
    const dollar = written.indexOf('$', at);
    if (dollar < 0) return made + written.slice(at);
    made += written.slice(at, dollar);
    const rest = written.slice(dollar);
    const plain = /^\$([A-Za-z_]\w*)/.exec(rest);
    if (rest.startsWith('$$')) {
      made += '$';
      at = dollar + 2;
    } else if (plain) {
      made += valueOf(plain[1]!, names);
      at = dollar + plain[0].length;
    } else if (rest.startsWith('${')) {
      const end = closing(written, dollar + 2);
      if (end < 0) throw new TypeError(`${JSON.stringify(rest)} has no closing "}"`);
      made += braced(written.slice(dollar + 2, end), names, depth);
      at = end + 1;
    } else throw new TypeError(`${JSON.stringify(rest.slice(0, 20))} is not a variable; write $$ for a dollar sign`);
  }
  return made;
}

/** Where the brace that is open at an offset is closed; -1 if it isn't. */
function closing(written: string, from: number): number {
  let open = 1;
  for (let at = from; at < written.length; at++) {
    if (written.startsWith('${', at)) {
      open++;
      at++;
    } else if (written[at] === '}' && --open === 0) return at;
  }
  return -1;
}

function braced(inner: string, names: Names, depth: number): string {
  const found = /^([A-Za-z_]\w*)(?:(:?[-?+])([^]*))?$/.exec(inner);
  if (!found) throw new TypeError(`${JSON.stringify(`\${${inner}}`)} is not a variable; write $$ for a dollar sign`);
  const [, name = '', operator, word = ''] = found;
  const value = names.lookUp(name);
  const isThere = value !== undefined && !(operator?.startsWith(':') && value === '');
  const other = () => interpolated(word, names, depth + 1);
  switch (operator?.at(-1)) {
    case '-':
      return isThere ? value : other();
    case '+':
      return isThere ? other() : '';
    case '?':
      if (isThere) return value;
      throw new TypeError(`${name} is required: ${other() || 'it is not set'}`);
    default:
      return valueOf(name, names);
  }
}

function valueOf(name: string, { lookUp, unset }: Names): string {
  const value = lookUp(name);
  if (value === undefined) unset(name);
  return value ?? '';
}
