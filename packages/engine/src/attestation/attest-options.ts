import { normalised, parseReference } from '../oci/reference.ts';
import { Attrs } from '../std/attrs.ts';
import { splitCsv } from '../std/csv.ts';
import { Failed } from '../std/failed.ts';
import type { AttestationFailure } from './failure.ts';

/** What a request wants to be attested. */
export interface AttestOptions {
  readonly provenance?: ProvenanceOptions;
  readonly sbom?: SbomOptions;
}

export interface ProvenanceOptions {
  readonly mode: 'min' | 'max';
  /** Of SLSA. */
  readonly version: 'v1' | 'v0.2';
  /** A URI; '' where nobody says who builds. */
  readonly builderId: string;
  readonly filename: string;
  /** What the caller claims. */
  readonly reproducible: boolean;
  readonly inlineOnly: boolean;
  /** A build fails that read what no digest names. */
  readonly completeMaterials: boolean;
}

export interface SbomOptions {
  /** An image that scans by BuildKit's protocol, with its tag; undefined is the engine's own reading. */
  readonly generator?: string;
  /** Given to the generator as `BUILDKIT_SCAN_<NAME>`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads `attest:<type>` and `build-arg:BUILDKIT_ATTEST_<TYPE>` of a request's options. Fails with `attest-option`. */
export function readAttestOptions(options: Readonly<Record<string, string>>): AttestOptions {
  const asked = new Map<string, string>();
  for (const prefix of ['build-arg:BUILDKIT_ATTEST_', 'attest:']) {
    for (const [name, value] of Object.entries(options)) {
      if (name.startsWith(prefix)) asked.set(name.slice(prefix.length).toLowerCase(), value);
    }
  }
  const [provenance, sbom] = [asked.get('provenance'), asked.get('sbom')];
  for (const type of asked.keys()) {
    if (type !== 'provenance' && type !== 'sbom')
      throw wrong(type, `unknown attestation type ${JSON.stringify(type)}: use provenance or sbom`);
  }
  return {
    ...(provenance !== undefined && { provenance: readProvenance(attrsOf('provenance', provenance)) }),
    ...(sbom !== undefined && { sbom: readSbom(fieldsOf('sbom', sbom)) }),
  };
}

function readProvenance(attrs: Attrs): ProvenanceOptions {
  attrs.text('type');
  const mode = attrs.oneOf('mode', ['min', 'max', 'full']) ?? 'max';
  if (attrs.flag('capture-usage'))
    throw wrong('provenance', 'capture-usage: what steps use is not measured; leave it out');
  const options: ProvenanceOptions = {
    mode: mode === 'min' ? 'min' : 'max',
    version: attrs.oneOf('version', ['v1', 'v0.2']) ?? 'v1',
    builderId: attrs.text('builder-id') ?? '',
    filename: attrs.text('filename') ?? 'provenance.json',
    reproducible: attrs.flag('reproducible') ?? false,
    inlineOnly: attrs.flag('inline-only') ?? false,
    completeMaterials: attrs.flag('complete-materials') ?? false,
  };
  attrs.end();
  if (!/^[^/\0]+$/.test(options.filename) || /^\.{1,2}$/.test(options.filename))
    throw wrong('provenance', `filename=${options.filename} is no name for a file`);
  return options;
}

function readSbom({ type: _type, generator, ...parameters }: Readonly<Record<string, string>>): SbomOptions {
  if (generator === undefined) {
    const [first] = Object.keys(parameters);
    if (first !== undefined)
      throw wrong('sbom', `sbom: ${first} is for a generator; name one, as in generator=docker/buildkit-syft-scanner`);
    return { parameters };
  }
  if (generator === '') throw wrong('sbom', 'sbom generator cannot be empty');
  for (const name of Object.keys(parameters)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw wrong('sbom', `sbom: ${JSON.stringify(name)} can't be the end of an environment variable's name`);
  }
  try {
    return { generator: normalised(parseReference(generator)), parameters };
  } catch (error) {
    throw wrong('sbom', `failed to parse sbom generator: ${(error as Error).message}`);
  }
}

function attrsOf(type: string, text: string): Attrs {
  return new Attrs(`the attestation ${type}`, fieldsOf(type, text), wrong);
}

/** `mode=max,version=v1`; a field without `=` has no value. */
function fieldsOf(type: string, text: string): Readonly<Record<string, string>> {
  if (text === '') return {};
  try {
    return Object.fromEntries(
      splitCsv(text).map((field) => {
        const equals = field.indexOf('=');
        return equals < 0 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
      }),
    );
  } catch (error) {
    throw wrong(type, `failed to parse ${type}: ${(error as Error).message}`);
  }
}

function wrong(option: string, message: string): Failed<AttestationFailure> {
  return new Failed<AttestationFailure>({ kind: 'attest-option', option, message });
}
