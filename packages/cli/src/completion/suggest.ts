// What may come next on a command line, from the commands' own flags and the images of the workspace.

import type { Command } from '../command.ts';
import { isMany, type Flag, type Flags } from '../flags/flags.ts';
import type { Typed } from './typed.ts';

export interface Suggestion {
  /** The whole word. */
  readonly value: string;
  readonly help?: string;
  /** More follows in the same word. */
  readonly open?: boolean;
}

export type Suggestions =
  | { readonly kind: 'words'; readonly words: readonly Suggestion[] }
  /** Files; `after` is what stands before the path in the same word. */
  | { readonly kind: 'files' | 'folders'; readonly after: string };

/** Where suggestions come from. */
export interface Known {
  readonly commands: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>>;
  /** The images of the workspace; asked only where one may come. */
  images(): Promise<readonly Suggestion[]>;
  /** `api#` → the stages of api. */
  stages(image: string): Promise<readonly Suggestion[]>;
  /** Selectors, for `--filter tag:`. */
  tags(): Promise<readonly string[]>;
  /** Runs that are kept, the last one first. */
  runs(): Promise<readonly Suggestion[]>;
}

const nothing: Suggestions = { kind: 'words', words: [] };

export async function suggest({ before, word }: Typed, known: Known): Promise<Suggestions> {
  const [name, ...given] = before;
  if (name === undefined) return matching(commandWords(known), word);
  if (name === 'help') return given.length > 0 ? nothing : matching(commandWords(known), word);
  const entry = Object.hasOwn(known.commands, name) ? known.commands[name] : undefined;
  if (!entry) return nothing;
  const command = await entry.load();
  const onlyPositionals = given.includes('--');
  if (!onlyPositionals) {
    const attached = /^(--[^=]+|-[A-Za-z](?==))=(.*)$/s.exec(word);
    if (attached) {
      const flag = flagOf(attached[1]!, command.flags);
      return flag ? valuesOf(flag, { word: attached[2]!, after: `${attached[1]}=` }, known) : nothing;
    }
    const last = given.at(-1);
    const flag = last?.startsWith('-') ? flagOf(last, command.flags) : wordsFlagOf(given, command.flags);
    const takesWord =
      flag && (['value', 'list'].includes(flag.kind) || (flag.kind === 'words' && !word.startsWith('-')));
    if (takesWord) return valuesOf(flag, { word, after: '' }, known);
    if (word.startsWith('-')) return matching(flagWords(command.flags, given), word);
  }
  const verbs = verbsOf(command);
  if (verbs.length > 0 && given.every((each) => each.startsWith('-'))) {
    return matching(
      verbs.map((value) => ({ value })),
      word,
    );
  }
  const usage = usageOf(command, given);
  const runs = verbs.length > 0 && /\bRUN\b/.test(usage) ? await known.runs() : [];
  if (runs.length > 0) return matching(runs, word);
  if (!takesImages(usage)) return takesFiles(usage) ? { kind: 'files', after: '' } : nothing;
  if (/^[./~]/.test(word)) return { kind: 'folders', after: '' };
  const hash = word.indexOf('#');
  if (hash > 0 && usage.includes('#STAGE')) return matching(await known.stages(word.slice(0, hash)), word);
  return matching([{ value: 'all', help: 'every image of the workspace' }, ...(await known.images())], word);
}

function commandWords({ commands }: Known): readonly Suggestion[] {
  return [
    ...Object.entries(commands).map(([value, { summary }]) => ({ value, help: summary })),
    { value: 'help', help: 'A command with its flags and examples' },
  ];
}

/** Flags that may come; what can be given but once is left out when it was. */
function flagWords(flags: Flags, given: readonly string[]): readonly Suggestion[] {
  const again = (name: string, { kind, short, alias }: Flag) =>
    isMany(kind) || !given.some((each) => [`--${name}`, `-${short}`, `--${alias}`].includes(each.replace(/=.*$/s, '')));
  return [
    ...Object.entries(flags)
      .filter(([name, flag]) => again(name, flag))
      .map(([name, { help }]) => ({ value: `--${name}`, help })),
    { value: '--help', help: 'Flags and examples' },
  ];
}

function flagOf(written: string, flags: Flags): Flag | undefined {
  const found = Object.entries(flags).find(
    ([name, { short, alias }]) => written === `--${name}` || written === `--${alias}` || written === `-${short}`,
  );
  return found?.[1];
}

/** The flag that takes all words since it was given. */
function wordsFlagOf(given: readonly string[], flags: Flags): Flag | undefined {
  const last = given.findLast((each) => each.startsWith('-'));
  const flag = last === undefined ? undefined : flagOf(last, flags);
  return flag?.kind === 'words' ? flag : undefined;
}

async function valuesOf(
  { among, placeholder = '' }: Flag,
  { word, after }: { readonly word: string; readonly after: string },
  known: Known,
): Promise<Suggestions> {
  const words = (values: readonly Suggestion[]) =>
    matching(
      values.map(({ value, ...more }) => ({ value: after + value, ...more })),
      after + word,
    );
  if (among) return words(among.map((value) => open(value.replace(/[A-Z]+$/, ''))));
  if (placeholder === 'FILTER') {
    const tags = (await known.tags()).map((tag) => ({ value: `tag:${tag}` }));
    return words([...(await known.images()), ...tags]);
  }
  if (placeholder.startsWith('IMAGE')) return words((await known.images()).map(({ value }) => open(`${value}.`)));
  if (/\bFILE\b/.test(placeholder) && !placeholder.includes('=')) return { kind: 'files', after };
  if (/^(FOLDER|DIR)$/.test(placeholder)) return { kind: 'folders', after };
  if (/^[a-z]+(\|[a-z]+)+$/.test(placeholder)) return words(placeholder.split('|').map((value) => ({ value })));
  return nothing;
}

function open(value: string): Suggestion {
  return /[=.]$/.test(value) ? { value, open: true } : { value };
}

function matching(words: readonly Suggestion[], typed: string): Suggestions {
  return { kind: 'words', words: words.filter(({ value }) => value.startsWith(typed)) };
}

/** `{ls | show [RUN] | …} …` has the verbs ls and show. */
function verbsOf({ usage }: Command): readonly string[] {
  const [, inside] = /^\{([^}]*)\}/.exec(usage) ?? [];
  return inside?.replaceAll(/\[[^\]]*\]/g, '').match(/(?<=^|\| )[a-z-]+/g) ?? [];
}

/** What of the usage is about this command line: of several verbs only the one that was given. */
function usageOf({ usage }: Command, given: readonly string[]): string {
  const [all, inside] = /^\{([^}]*)\}/.exec(usage) ?? [];
  if (all === undefined || inside === undefined) return usage;
  const verb = given.find((each) => !each.startsWith('-'));
  const own = inside.replaceAll(/\[[^\]]*\]/g, (part) => part.replaceAll('|', ' ')).split('|');
  return (own.find((each) => each.trim().split(' ')[0] === verb) ?? '') + usage.slice(all.length);
}

function takesImages(usage: string): boolean {
  return /\bIMAGE\b/.test(usage);
}

function takesFiles(usage: string): boolean {
  return /\b(FILE|FOLDER|PATH)\b/.test(usage);
}
