// Caches, outputs, secrets, ssh, attestations and policies, as the texts of Docker's flags. Readers throw a `TypeError`
// that says what is wrong.

import { csvPairs } from '../csv.ts';
import type { Attributes, SecretEntry, SshEntry } from './definition.ts';

/** `type=registry,ref=…`; references alone are caches in registries, one or several. */
export function cacheEntries(written: string): readonly Attributes[] {
  const pairs = csvPairs(written);
  if (!written.includes('=')) return pairs.map(([ref]) => ({ type: 'registry', ref }));
  return [withType(lowered(pairs, written), 'a cache', written)];
}

/** `type=oci,dest=app.tar`; a path alone is a folder, `-` alone an archive on standard output. */
export function outputEntry(written: string): Attributes {
  const pairs = csvPairs(written);
  if (pairs.length === 1 && pairs[0]![1] === undefined)
    return written === '-' ? { type: 'tar', dest: '-' } : { type: 'local', dest: written };
  return withType(lowered(pairs, written), 'an output', written);
}

/** `id=npm,src=.npmrc` or `id=token,env=TOKEN`. */
export function secretEntry(written: string): SecretEntry {
  const { type, id, src, source, env, ...more } = lowered(csvPairs(written), written);
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw new TypeError(`a secret has no ${JSON.stringify(unknown)}: write id, src or env`);
  if (type !== undefined && type !== 'file' && type !== 'env')
    throw new TypeError(`a secret is of type file or env, not ${JSON.stringify(type)}`);
  const path = src ?? source;
  const isVariable = type === 'env' && !env;
  return {
    ...(id && { id }),
    ...(!isVariable && path && { src: path }),
    ...((isVariable ? path : env) && { env: isVariable ? path! : env! }),
  };
}

/** `default`, `id=path,path`. */
export function sshEntry(written: string): SshEntry {
  const equals = written.indexOf('=');
  if (equals < 0) return { id: written };
  return { id: written.slice(0, equals), paths: written.slice(equals + 1).split(',') };
}

/** `type=provenance,mode=max`, `type=sbom,disabled=true`. */
export function attestEntry(written: string): Attributes {
  const pairs = csvPairs(written).map(([key, value]): [string, string] => {
    if (value === undefined) throw new TypeError(`${JSON.stringify(key)} has no value: write key=value`);
    const lower = key.toLowerCase();
    return [lower === 'type' || lower === 'disabled' ? lower : key, value];
  });
  return disabledAsFlag(withType(Object.fromEntries(pairs), 'an attestation', written));
}

/** An attestation's `disabled` is there only where it is true. */
export function disabledAsFlag({ disabled, ...entry }: Attributes): Attributes {
  if (disabled === undefined) return entry;
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(disabled)) return { ...entry, disabled: 'true' };
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(disabled)) return entry;
  throw new TypeError(`disabled is true or false, not ${JSON.stringify(disabled)}`);
}

/** `filename=policy.rego,strict=true`. */
export function policyEntry(written: string): Attributes {
  return lowered(csvPairs(written), written);
}

export function withType(entry: Attributes, what: string, written: unknown): Attributes {
  if (entry.type) return entry;
  const text = typeof written === 'string' ? written : JSON.stringify(written);
  throw new TypeError(`${what} needs a type, and ${text} has none`);
}

function lowered(
  pairs: readonly (readonly [key: string, value: string | undefined])[],
  written: string,
): Record<string, string> {
  return Object.fromEntries(
    pairs.map(([key, value]) => {
      if (value === undefined)
        throw new TypeError(`${JSON.stringify(key)} in ${written} has no value: write key=value`);
      return [key.toLowerCase(), value];
    }),
  );
}
