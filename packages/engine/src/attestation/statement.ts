import { goJson } from '../std/go-json.ts';
import type { Attestation, ResultTold, Subject } from './attestation.ts';

/** Of an attestation's blob. */
const statementType = 'https://in-toto.io/Statement/v1';

/** What an attestation says, as an in-toto statement in JSON; about `result` unless it names other subjects itself. */
export function statementJson(
  { predicateType, subjects, predicate }: Attestation,
  about: { readonly result: readonly Subject[]; readonly told: ResultTold; readonly indent?: boolean },
): string {
  const statement = {
    _type: statementType,
    predicateType,
    subject: subjects ?? about.result,
    predicate: predicate(about.told),
  };
  return goJson(statement, { indent: about.indent ?? false });
}
