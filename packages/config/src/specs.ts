// Outputs, caches, secrets and ssh, as Docker's flags write them or as objects. Readers throw a `TypeError` that says
// what is wrong.

import { resolve } from 'node:path';
import { nearest } from '@monokit/engine/std/nearest';
import type { Attest, CacheEntry, Output, Secret, Ssh } from './config.ts';
import { csvFields, csvPairs } from './csv.ts';
import type { AttestSpec, CacheSpec, OutputSpec, SecretSpec, SshSpec } from './target.ts';

const outputTypes = ['image', 'registry', 'oci', 'docker', 'tar', 'local', 'cacheonly'] as const;
const engines: readonly string[] = ['docker', 'podman', 'containerd'];
const toFile: ReadonlySet<string> = new Set(['oci', 'docker', 'tar', 'local']);

/**
 * `type=oci,dest=app.tar`; a path alone is a folder to export to, `-` alone a tar archive on standard output. `docker`
 * without a dest is loaded.
 */
export function readOutput(written: string | Output, root: string): OutputSpec {
  const plain = typeof written === 'string' && !written.includes('=') ? written : undefined;
  const pairs =
    plain === undefined
      ? pairsOf(written)
      : Object.entries(plain === '-' ? { type: 'tar', dest: '-' } : { type: 'local', dest: plain });
  const { type, dest, ...attrs } = Object.fromEntries(pairs);
  if (!type) throw new TypeError(`an output needs a type: one of ${outputTypes.join(', ')}`);
  if (!isOutputType(type)) {
    const meant = nearest(type, outputTypes);
    throw new TypeError(
      `there is no output of type ${type}${meant ? `; did you mean ${meant}?` : `: write one of ${outputTypes.join(', ')}`}`,
    );
  }
  if (dest !== undefined && !toFile.has(type)) throw new TypeError(`an output of type ${type} has no dest`);
  if (dest === undefined && toFile.has(type) && type !== 'docker')
    throw new TypeError(`an output of type ${type} needs a dest`);
  if (attrs.into !== undefined && !engines.includes(attrs.into))
    throw new TypeError(`images can't be loaded into ${attrs.into}: write one of ${engines.join(', ')}`);
  if (dest === '-' && type === 'local')
    throw new TypeError('an output of type local goes to a folder, not to standard output');
  return { type, attrs, ...(dest !== undefined && { dest: dest === '-' ? dest : resolve(root, dest) }) };
}

/** `type=registry,ref=…`; a reference alone is that. */
export function readCache(written: string | CacheEntry, root: string): CacheSpec {
  const plain = typeof written === 'string' && !written.includes('=') ? written : undefined;
  const pairs = plain === undefined ? pairsOf(written) : Object.entries({ type: 'registry', ref: plain });
  const { type, ...attrs } = Object.fromEntries(pairs);
  if (!type) throw new TypeError('a cache needs a type, as in type=registry,ref=…');
  if (type === 'local') {
    for (const key of ['src', 'dest']) if (attrs[key] !== undefined) attrs[key] = resolve(root, attrs[key]);
  }
  return { type, attrs };
}

/** `type=provenance,mode=max`; a type alone is that. */
export function readAttest(written: string | Attest): AttestSpec {
  const plain = typeof written === 'string' && !/[=,]/.test(written) ? written : undefined;
  const pairs = plain === undefined ? pairsOf(written) : [['type', plain] as const];
  const { type, disabled = 'false', ...attrs } = Object.fromEntries(pairs);
  if (type !== 'provenance' && type !== 'sbom') {
    if (!type) throw new TypeError('attestation type not specified: write type=provenance or type=sbom');
    throw new TypeError(`there is no attestation of type ${JSON.stringify(type)}: write type=provenance or type=sbom`);
  }
  if (!/^(true|false|1|0)$/.test(disabled)) throw new TypeError(`disabled is true or false, not ${disabled}`);
  return { type, disabled: disabled === 'true' || disabled === '1', attrs };
}

/** Of each type the last one, at the place of the first. */
export function latestOfType(attests: readonly AttestSpec[]): readonly AttestSpec[] {
  return [...new Map(attests.map((attest) => [attest.type, attest])).values()];
}

/** As the frontend's options say it: `attest:provenance` and `mode=max`. */
export function attestOptions(
  attests: readonly AttestSpec[],
  { reproducible = false }: { readonly reproducible?: boolean } = {},
): Readonly<Record<string, string>> {
  const wanted = attests.filter(({ disabled }) => !disabled);
  return Object.fromEntries(
    wanted.map(({ type, attrs }) => {
      const all = reproducible && type === 'provenance' ? { reproducible: 'true', ...attrs } : attrs;
      return [`attest:${type}`, Object.entries(all).map(csvField).join(',')];
    }),
  );
}

function csvField([name, value]: readonly [string, string]): string {
  const text = `${name}=${value}`;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** `id=npm,src=.npmrc` or `id=token,env=TOKEN`; an id alone is the variable of that name, else the file. */
export function readSecret(
  written: string | Secret,
  { root, env }: { readonly root: string; readonly env: NodeJS.ProcessEnv },
): SecretSpec {
  const given = Object.fromEntries(
    typeof written === 'string' && !written.includes('=') ? [['id', written]] : pairsOf(written),
  );
  const { id = '', type, env: name = given.variable, ...files } = given;
  const file = files.src ?? files.source;
  const unknown = Object.keys(given).find((key) => !['id', 'type', 'env', 'variable', 'src', 'source'].includes(key));
  if (unknown !== undefined) throw new TypeError(`a secret has no ${JSON.stringify(unknown)}: write id, src or env`);
  if (id === '') throw new TypeError('a secret needs an id');
  if (type !== undefined && type !== 'file' && type !== 'env')
    throw new TypeError(`a secret is of type file or env, not ${type}`);
  if (file !== undefined && name !== undefined) throw new TypeError(`the secret ${id} has both src and env`);
  // As docker has it, `type=env,src=TOKEN` names a variable too.
  const variable = name ?? (type === 'env' ? (file ?? id) : undefined);
  if (variable !== undefined) return { id, source: { kind: 'env', name: variable } };
  if (file === undefined && type === undefined && env[id] !== undefined)
    return { id, source: { kind: 'env', name: id } };
  return { id, source: { kind: 'file', path: resolve(root, file ?? id) } };
}

/** `default`, `id=path`, `id=path,path`. */
export function readSsh(written: string | Ssh, root: string): SshSpec {
  if (typeof written !== 'string')
    return { id: written.id, paths: (written.paths ?? []).map((path) => resolve(root, path)) };
  const equals = written.indexOf('=');
  const id = equals < 0 ? written : written.slice(0, equals);
  if (id === '') throw new TypeError('ssh needs an id, such as default');
  const paths = equals < 0 ? [] : csvFields(written.slice(equals + 1)).filter((path) => path !== '');
  return { id, paths: paths.map((path) => resolve(root, path)) };
}

function pairsOf(written: string | object): (readonly [key: string, value: string])[] {
  if (typeof written === 'string') return csvPairs(written).map(([key, value]) => [key, value ?? '']);
  return Object.entries(written)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, String(value)]);
}

function isOutputType(type: string): type is OutputSpec['type'] {
  return (outputTypes as readonly string[]).includes(type);
}
