import type { Definition } from '../llb/definition.ts';
import { goJson } from '../llb/go-json.ts';
import { opJson, sourceJson } from '../llb/json.ts';
import { loadDefinition } from '../llb/load.ts';
import type { Op } from '../llb/op.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { deepWithoutCredentials } from './redact.ts';

/** A definition as provenance shows it, by BuildKit's names. */
export interface BuildConfig {
  readonly digestMapping: Readonly<Record<string, string>>;
  readonly llbDefinition: readonly BuildStep[];
}

interface BuildStep {
  readonly id: string;
  readonly inputs?: readonly string[];
  readonly op: unknown;
}

/** The places of each step in the texts that it was written in. */
export interface BuildSource {
  readonly locations?: Readonly<Record<string, unknown>>;
  readonly infos: readonly unknown[];
}

/** The steps of a definition, inputs before what reads them; the last one says what the definition is about. */
export function buildConfig(definition: Definition): BuildConfig | undefined {
  const loaded = loadDefinition(definition);
  if (!loaded) return undefined;
  const steps = [...loaded.vertices.values()];
  const names = stepNames(definition);
  const inputsOf = (inputs: Op['inputs']) => inputs.map(({ digest, index }) => `${names.get(digest)!}:${index}`);
  const shown = steps.map(({ digest, op }): BuildStep => {
    const inputs = inputsOf(op.inputs);
    return { id: names.get(digest)!, ...(inputs.length > 0 && { inputs }), op: shownOp(op) };
  });
  const last = { id: `step${steps.length}`, inputs: inputsOf([loaded.head]), op: { Op: {} } };
  return sortedDeep({ digestMapping: Object.fromEntries(names), llbDefinition: [...shown, last] });
}

/** `step0`, `step1` …, for the digest of each op of a definition, the last one with them. */
export function stepNames(definition: Definition): ReadonlyMap<Digest, string> {
  const loaded = loadDefinition(definition);
  const digests = loaded ? [...loaded.vertices.keys(), digestOf(definition.ops.at(-1)!)] : [];
  return new Map(digests.map((digest, i) => [digest, `step${i}`]));
}

/** What a definition's source maps say, by step; undefined where it has none. */
export function buildSource(definition: Definition): BuildSource | undefined {
  const { source } = definition;
  if (!source || source.infos.length === 0) return undefined;
  const names = stepNames(definition);
  const printed = plain(sourceJson(source)) as { locations?: Record<string, unknown> };
  const locations = Object.entries(printed.locations ?? {}).flatMap(([digest, places]) => {
    const name = names.get(digest as Digest);
    return name === undefined ? [] : [[name, places] as const];
  });
  return {
    ...(locations.length > 0 && { locations: Object.fromEntries(locations.sort(([a], [b]) => (a < b ? -1 : 1))) }),
    infos: source.infos.map(({ filename, language, data, definition: inner }) => ({
      ...(filename && { filename }),
      ...(language && { language }),
      ...(data.length > 0 && { data: Buffer.from(data).toString('base64') }),
      ...(inner && innerConfig(inner)),
    })),
  };
}

function innerConfig(definition: Definition): Partial<BuildConfig> {
  const { llbDefinition, digestMapping } = buildConfig(definition) ?? {};
  return { ...(llbDefinition && { llbDefinition }), ...(digestMapping && { digestMapping }) };
}

/** An op without its inputs. */
function shownOp(op: Op): unknown {
  return deepWithoutCredentials(plain(opJson({ ...op, inputs: [] })));
}

function plain(value: Parameters<typeof goJson>[0]): unknown {
  return JSON.parse(goJson(value));
}

/** BuildKit prints this part by way of maps. */
function sortedDeep<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sortedDeep) as T;
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, each]) => [key, sortedDeep(each)])) as T;
}
