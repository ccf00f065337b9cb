import { nearest } from '@monokit/engine/std/nearest';
import { Mistake } from '../mistake.ts';

/** One flag of a command. Its environment twin is `MONOKIT_` and the name in capitals, unless `env` says otherwise. */
export interface Flag {
  /** One sentence for `--help`. */
  readonly help: string;
  readonly short?: string;
  /**
   * `switch` takes no value; `value` takes one; `list` takes one each time it is given; `words` takes all up to the next
   * flag, or one after `=`; `choice` takes one after `=` only, and means `implied` without.
   */
  readonly kind: 'switch' | 'value' | 'list' | 'words' | 'choice';
  /** Shown in help: `--tag NAME`. */
  readonly placeholder?: string;
  readonly implied?: string;
  /** Values that are allowed; any when left out. `name=WORD` stands for `name=` and any word. */
  readonly among?: readonly string[];
  /** Another spelling that means the same. */
  readonly alias?: string;
  /** Environment variable that gives it where the command line doesn't; false for none. */
  readonly env?: string | false;
}

export type Flags = Readonly<Record<string, Flag>>;

/** What was given, by flag name. */
export type Given<F extends Flags> = {
  readonly [K in keyof F]: F[K]['kind'] extends 'switch'
    ? boolean
    : F[K]['kind'] extends 'list' | 'words'
      ? readonly string[]
      : string | undefined;
};

/**
 * Reads arguments. Flags may stand anywhere before `--`; an unknown one is a mistake that names the nearest, and where
 * the flags of the `command` are listed. A negative number is no flag.
 */
export function parseFlags<F extends Flags>(
  argv: readonly string[],
  flags: F,
  {
    env = {},
    command = 'COMMAND',
  }: { readonly env?: Readonly<Record<string, string | undefined>>; readonly command?: string } = {},
): {
  readonly given: Given<F>;
  readonly positionals: readonly string[];
  /** What stands after `--`, which is among the positionals, too; undefined without one. */
  readonly rest?: readonly string[];
} {
  let rest: readonly string[] | undefined;
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === '--') {
      rest = argv.slice(i + 1);
      positionals.push(...rest);
      break;
    }
    if (arg === '-' || !arg.startsWith('-') || /^-\d+$/.test(arg)) {
      positionals.push(arg);
      continue;
    }
    i += take(arg, argv.slice(i + 1));
  }
  for (const [name, flag] of Object.entries(flags)) {
    const variable = variableOf(name, flag);
    const text = variable === false ? undefined : env[variable];
    if (text === undefined || text === '' || values.has(name)) continue;
    if (flag.kind === 'switch') {
      if (['1', 'true'].includes(text)) values.set(name, ['true']);
      else if (!['0', 'false'].includes(text))
        throw new Mistake(`${String(variable)} must be true or false, not ${JSON.stringify(text)}`);
    } else values.set(name, [checked(`${String(variable)}`, flag, text)]);
  }
  const given = Object.fromEntries(
    Object.entries(flags).map(([name, { kind }]) => {
      const list = values.get(name) ?? [];
      return [name, kind === 'switch' ? list.at(-1) === 'true' : isMany(kind) ? list : list.at(-1)];
    }),
  ) as Given<F>;
  return { given, positionals, ...(rest && { rest }) };

  /** Takes one flag; gives how many further arguments it used. */
  function take(arg: string, following: readonly string[]): number {
    const [, written = '', attached] = /^(--?[^=]*)(?:=([\s\S]*))?$/.exec(arg)!;
    const [name, rest] = written.startsWith('--')
      ? [longName(written.slice(2)), undefined]
      : shortName(written.slice(1));
    const flag = flags[name]!;
    const value = attached ?? rest;
    const keep = (text: string) => values.set(name, [...(values.get(name) ?? []), checked(`--${name}`, flag, text)]);
    switch (flag.kind) {
      case 'switch':
        if (value !== undefined && !['true', 'false'].includes(value)) {
          throw new Mistake(`--${name} takes no value, or true or false`, `got ${JSON.stringify(value)}`);
        }
        keep(value ?? 'true');
        return 0;
      case 'choice':
        keep(value ?? flag.implied!);
        return 0;
      case 'value':
      case 'list':
        if (value !== undefined) keep(value);
        else if (following.length === 0) throw withoutValue(name, flag);
        else keep(following[0]!);
        return value === undefined ? 1 : 0;
      case 'words': {
        const end = following.findIndex((word) => word.startsWith('-'));
        const words = value === undefined ? following.slice(0, end < 0 ? undefined : end) : [value];
        if (words.length === 0) throw withoutValue(name, flag);
        for (const word of words) keep(word);
        return value === undefined ? words.length : 0;
      }
    }
  }

  function longName(written: string): string {
    for (const [name, flag] of Object.entries(flags)) if (name === written || flag.alias === written) return name;
    throw unknown(`--${written}`, nearest(written, Object.keys(flags)), command);
  }

  /** `-f`, with a value attached as in `-fDockerfile`. */
  function shortName(letters: string): [string, string | undefined] {
    const found = Object.entries(flags).find(([, { short }]) => short === letters[0]);
    if (!found)
      throw unknown(`-${letters}`, letters.length > 1 ? nearest(letters, Object.keys(flags)) : undefined, command);
    const rest = letters.slice(1);
    if (rest && found[1].kind === 'switch') throw unknown(`-${letters}`, undefined, command);
    return [found[0], rest || undefined];
  }
}

function withoutValue(name: string, { placeholder = 'VALUE' }: Flag): Mistake {
  return new Mistake(`--${name} needs a value`, `write --${name} ${placeholder}`);
}

/** Whether a flag has all the values that it was given. */
export function isMany(kind: Flag['kind']): boolean {
  return kind === 'list' || kind === 'words';
}

/** The environment variable that a flag's value may come from; false for none. */
export function variableOf(name: string, { env }: Pick<Flag, 'env'>): string | false {
  return env ?? `MONOKIT_${name.replaceAll('-', '_').toUpperCase()}`;
}

function checked(name: string, { among }: Flag, text: string): string {
  if (!among || among.includes(text)) return text;
  const open = among.map((each) => each.slice(0, each.indexOf('=') + 1)).filter((start) => start !== '');
  if (open.some((start) => text.startsWith(start) && text.length > start.length)) return text;
  const near = nearest(text, among);
  const list = `it takes ${among.join(', ')}`;
  throw new Mistake(`${name} does not take ${JSON.stringify(text)}`, near ? `did you mean ${near}? ${list}` : list);
}

function unknown(flag: string, near: string | undefined, command: string): Mistake {
  const list = `cli ${command} --help lists the flags`;
  return new Mistake(`unknown flag ${flag}`, near ? `did you mean --${near}? ${list}` : list);
}
