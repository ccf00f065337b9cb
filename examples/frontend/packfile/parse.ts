// The language: a word that says what to do, and what to do it with, a line each.

import { FrontendError } from '@monokit/engine/gateway';

/** One line. */
export interface Step {
  readonly verb: Verb;
  readonly words: readonly string[];
  /** Counted from 1. */
  readonly line: number;
}

const forms = {
  base: { usage: 'base IMAGE', fits: (count: number) => count === 1 },
  copy: { usage: 'copy PATH DESTINATION', fits: (count: number) => count === 2 },
  run: { usage: 'run COMMAND', fits: (count: number) => count > 0 },
  env: { usage: 'env NAME=VALUE', fits: (count: number) => count === 1 },
  port: { usage: 'port NUMBER', fits: (count: number) => count === 1 },
  start: { usage: 'start COMMAND', fits: (count: number) => count > 0 },
} as const;

export type Verb = keyof typeof forms;

/** Reads all lines. The first one that is wrong is told with its place. */
export function parsePackfile(text: string, file: string): readonly Step[] {
  const wrong = (message: string, line: number, column: number, end: number) =>
    new FrontendError(message, { file, text, line, column, end: { line, column: end } });
  const steps = text.split('\n').flatMap((written, i): Step[] => {
    const content = written.replace(/(^|\s)#.*$/, '');
    const [verb, ...words] = content.trim().split(/\s+/);
    if (!verb) return [];
    const [line, column] = [i + 1, content.indexOf(verb) + 1];
    if (!Object.hasOwn(forms, verb)) {
      const message = `there is no ${JSON.stringify(verb)}: a line begins with ${Object.keys(forms).join(', ')}`;
      throw wrong(message, line, column, column + verb.length);
    }
    const { usage, fits } = forms[verb as Verb];
    if (!fits(words.length)) throw wrong(`write ${usage}`, line, column, content.trimEnd().length + 1);
    return [{ verb: verb as Verb, words, line }];
  });
  if (steps[0]?.verb !== 'base') throw wrong('begin with base IMAGE', steps[0]?.line ?? 1, 1, 2);
  const again = steps.slice(1).find(({ verb }) => verb === 'base');
  if (again) throw wrong('there can be only one base', again.line, 1, 5);
  return steps;
}
