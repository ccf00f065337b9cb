import { readdirSync, readFileSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { Failed } from '../../std/failed.ts';
import { predicateTypes, type Attestation, type Subject } from '../attestation.ts';
import type { AttestationFailure } from '../failure.ts';
import { coreName } from './scanner.ts';

/** As in BuildKit. */
const maxStatement = 40 << 20;

/** What a scanner wrote into a folder: one in-toto statement about SPDX a file, the result's first. Fails otherwise. */
export function readBundle(folder: string): readonly Attestation[] {
  const core = `${coreName}.`;
  const names = readdirSync(folder).sort(
    (a, b) => Number(b.startsWith(core)) - Number(a.startsWith(core)) || (a < b ? -1 : 1),
  );
  return names.map((name) => {
    const path = join(folder, name);
    const stats = lstatSync(path);
    if (!stats.isFile()) throw malformed(name, 'is not a regular file');
    if (stats.size > maxStatement) throw malformed(name, `exceeds ${maxStatement} bytes`);
    return readStatement(readFileSync(path), { name, predicateType: predicateTypes.spdx });
  });
}

/** An in-toto statement as a file has it; of whatever type where the wanted one is ''. */
export function readStatement(
  bytes: Uint8Array,
  { name, predicateType: wanted }: { readonly name: string; readonly predicateType: string },
): Attestation {
  let statement: unknown;
  try {
    statement = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw malformed(name, 'is not JSON', cause);
  }
  const { predicateType, subject, predicate } = (statement ?? {}) as Record<string, unknown>;
  if (typeof predicateType !== 'string' || (wanted !== '' && predicateType !== wanted)) {
    throw malformed(name, `does not match required predicate type ${wanted}`);
  }
  const subjects = Array.isArray(subject) ? (subject as unknown[]) : [];
  if (!subjects.every(isSubject)) throw malformed(name, 'has a subject without name and digest');
  return {
    predicateType,
    filename: name,
    inlineOnly: false,
    ...(subjects.length > 0 && { subjects }),
    predicate: () => predicate,
  };
}

function isSubject(value: unknown): value is Subject {
  const { name, digest } = (value ?? {}) as Record<string, unknown>;
  return typeof name === 'string' && typeof digest === 'object' && digest !== null;
}

function malformed(path: string, why: string, cause?: unknown): Failed<AttestationFailure> {
  const message = `the SBOM generator wrote ${JSON.stringify(path)}, which ${why}`;
  return new Failed<AttestationFailure>({ kind: 'sbom-malformed', path, message }, { cause });
}
