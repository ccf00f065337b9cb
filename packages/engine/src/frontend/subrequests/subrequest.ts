// Questions that a frontend answers instead of building: asked by the option `requestid`, answered in the result's
// metadata. Names, versions and keys are BuildKit's, so any of its clients may ask, and any of its frontends answer.

import { goJson } from '../../std/go-json.ts';

/** What can be asked, as frontends describe it to each other. */
export interface Subrequest {
  /** The value of `requestid`. */
  readonly name: string;
  readonly version: string;
  readonly type: 'rpc';
  readonly description: string;
  /** Options that the answer depends on. */
  readonly opts: readonly Named[] | null;
  readonly inputs: readonly Named[] | null;
  /** The keys under which the answer is found. */
  readonly metadata: readonly Named[];
  readonly refs: readonly Named[] | null;
}

export interface Named {
  readonly name: string;
  readonly description: string;
}

/** What can be asked, with what most questions have in common. */
export function subrequest(
  name: string,
  about: {
    readonly description: string;
    readonly opts?: readonly Named[] | null;
    readonly answers?: readonly string[];
  },
): Subrequest {
  const { description, opts = null, answers = ['result.json', 'result.txt'] } = about;
  const metadata = answers.map((key) => ({ name: key, description: '' }));
  return { name, version: '1.0.0', type: 'rpc', description, opts, inputs: null, metadata, refs: null };
}

/** An answer, read out of a result's metadata. */
export interface Answer {
  /** What the answer's own kind says (`LintResults`, `Outline`, …), as it was sent. */
  readonly json: string;
  /** The same for people. */
  readonly text: string;
  /** What a client exits with. */
  readonly status: number;
  readonly version: string;
}

/** An answer as metadata. */
export function answerMetadata(
  { version }: Subrequest,
  { value, text, status }: { readonly value: unknown; readonly text: string; readonly status?: number },
): Readonly<Record<string, string>> {
  return {
    'result.json': goJson(value, { indent: true }),
    'result.txt': text,
    ...(status !== undefined && { 'result.statuscode': String(status) }),
    version,
  };
}

/** Metadata as an answer; undefined if it is none, as of a frontend that does not know the question and builds. */
export function readAnswer(metadata: Readonly<Record<string, string>>): Answer | undefined {
  const { 'result.json': json, 'result.txt': text = '', version = '' } = metadata;
  if (json === undefined) return undefined;
  return { json, text, status: Number.parseInt(metadata['result.statuscode'] ?? '0', 10) || 0, version };
}
