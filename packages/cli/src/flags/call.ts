import { nearest } from '@monokit/engine/std/nearest';
import { Mistake } from '../mistake.ts';
import { attributes } from './assignments.ts';
import type { workFlags } from './build.ts';
import type { Flags, Given } from './flags.ts';

/** Flags that ask for something else than a build, as `docker buildx build` spells them. */
export const callFlags = {
  call: {
    kind: 'value',
    placeholder: 'METHOD[,format=json]',
    help: 'Build nothing, but answer: check, outline or targets',
    env: false,
  },
  check: { kind: 'switch', help: 'Check Dockerfiles and build nothing; short for --call check', env: false },
} as const satisfies Flags;

/** Methods, and the questions to a frontend that they are. `lint` is another word for `check`. */
const questions = {
  check: 'frontend.lint',
  lint: 'frontend.lint',
  outline: 'frontend.outline',
  targets: 'frontend.targets',
  'subrequests.describe': 'frontend.subrequests.describe',
} as const;

export type Question = (typeof questions)[keyof typeof questions];

export interface Call {
  readonly question: Question;
  readonly format: 'text' | 'json';
  /** What a check finds is no failure. */
  readonly ignoreStatus: boolean;
}

/** Flags that mean something else, or nothing, where nothing is built. */
type Beside = Partial<Pick<Given<typeof workFlags>, 'json' | 'iidfile' | 'metadata-file'>>;

/**
 * What `--call METHOD[,format=text|json][,ignorestatus]` or `--check` asks; undefined for a build. With `--json` the
 * answer is JSON.
 */
export function callOf(flags: Given<typeof callFlags> & Beside): Call | undefined {
  const asked = questionAsked(flags);
  if (!asked) return undefined;
  for (const flag of ['iidfile', 'metadata-file'] as const) {
    if (flags[flag] !== undefined) throw new Mistake(`--${flag} goes with a build, and nothing is built`);
  }
  return flags.json ? { ...asked, format: 'json' } : asked;
}

function questionAsked({ call, check }: Given<typeof callFlags>): Call | undefined {
  if (call === undefined) return check ? { question: questions.check, format: 'text', ignoreStatus: false } : undefined;
  let method: string | undefined;
  const fields = attributes('--call', call, (field) => {
    if (field === 'ignorestatus') return [field, 'true'];
    if (method !== undefined) throw new Mistake(`--call takes one method, not ${method} and ${field}`);
    method = field;
    return ['', field];
  });
  const { '': _, format = 'text', ignorestatus = 'false', ...unknown } = fields;
  const [key] = Object.keys(unknown);
  if (key !== undefined) throw notOf(`--call has no parameter ${JSON.stringify(key)}`, key, ['format', 'ignorestatus']);
  if (format !== 'text' && format !== 'json') {
    throw notOf(`--call has no format ${JSON.stringify(format)}`, format, ['text', 'json']);
  }
  if (ignorestatus !== 'true' && ignorestatus !== 'false') {
    throw new Mistake(`--call ignorestatus is true or false, not ${JSON.stringify(ignorestatus)}`);
  }
  const question = method === undefined ? undefined : questionOf(method);
  if (check && question !== questions.check) throw new Mistake(`--check and --call ${method} are two questions`);
  return question && { question, format, ignoreStatus: ignorestatus === 'true' };
}

function questionOf(method: string): Question | undefined {
  if (method === 'build') return undefined;
  if (Object.hasOwn(questions, method)) return questions[method as keyof typeof questions];
  throw notOf(`--call has no method ${JSON.stringify(method)}`, method, ['build', ...Object.keys(questions)]);
}

function notOf(message: string, word: string, known: readonly string[]): Mistake {
  const near = nearest(word, known);
  const list = `it takes ${known.join(', ')}`;
  return new Mistake(message, near === undefined ? list : `did you mean ${near}? ${list}`);
}
