import type { Definition } from '../llb/definition.ts';
import { formatPlatform, hostPlatform } from '../oci/platform.ts';
import { parseReference } from '../oci/reference.ts';
import { Failed } from '../std/failed.ts';
import type { ProvenanceOptions } from './attest-options.ts';
import { digestSet, predicateTypes, type Attestation, type ResultTold } from './attestation.ts';
import { buildConfig, buildSource } from './build-steps.ts';
import type { Capture } from './capture.ts';
import type { AttestationFailure } from './failure.ts';
import { slsa02 } from './provenance-v02.ts';
import { imagePurl } from './purl.ts';
import { requestParameters, type ConfigSource, type Parameters } from './request-parameters.ts';
import { shownDefinition } from './shown-definition.ts';
import { stepLayers } from './step-layers.ts';

/** What was asked, and what went into it. */
export interface BuildTold {
  /** '' for a definition that came without one. */
  readonly frontend: string;
  /** Of the frontend. */
  readonly args: Readonly<Record<string, string>>;
  readonly definition: Definition;
  readonly captured: Capture;
  /** The repository or download that is the main context. */
  readonly config: ConfigSource;
  /** Of the Dockerfile's language. */
  readonly dockerfileVersion?: string;
}

/** SLSA's predicate v1 by the names of BuildKit's Go types (solver/llbsolver/provenance/types). */
export interface ProvenanceV1 {
  readonly buildDefinition: {
    readonly buildType: string;
    readonly resolvedDependencies?: readonly Dependency[];
    readonly externalParameters: { readonly configSource: ConfigSource; readonly request: Parameters };
    readonly internalParameters: {
      readonly buildConfig?: unknown;
      readonly builderPlatform: string;
      readonly dockerfileVersion?: string;
    };
  };
  readonly runDetails: {
    readonly builder: { readonly id: string };
    readonly metadata: {
      readonly invocationId?: string;
      readonly startedOn?: string;
      readonly finishedOn?: string;
      readonly buildkit_metadata: {
        readonly vcs?: Readonly<Record<string, string>>;
        readonly source?: unknown;
        readonly layers?: unknown;
      };
      readonly buildkit_hermetic?: true;
      readonly buildkit_completeness: { readonly request: boolean; readonly resolvedDependencies: boolean };
      readonly buildkit_reproducible?: true;
    };
  };
}

export interface Dependency {
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

const buildType = 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md';

/** BuildKit's number for how builds behave: that of its version 0.31. */
const compatibilityVersion = 30;

/** Where a result came from. Fails with `materials-incomplete` where all had to be named and is not. */
export function provenance(told: BuildTold, options: ProvenanceOptions): Attestation {
  const incomplete = told.captured.incomplete || told.captured.locals.length > 0;
  if (options.completeMaterials && incomplete) throw notComplete(told.captured);
  const v1 = (result: ResultTold) => predicateV1(told, options, result);
  const old = options.version === 'v0.2';
  return {
    predicateType: old ? predicateTypes.provenance02 : predicateTypes.provenance,
    filename: options.filename,
    inlineOnly: options.inlineOnly,
    predicate: old ? (result) => slsa02(v1(result)) : v1,
  };
}

/** The predicate. Times and the invocation are left out where `result` tells of no times: then it is a function of the build. */
export function predicateV1(
  told: BuildTold,
  { mode, builderId, reproducible }: Pick<ProvenanceOptions, 'mode' | 'builderId' | 'reproducible'>,
  { layers, times }: ResultTold,
): ProvenanceV1 {
  const { captured, frontend, config, dockerfileVersion } = told;
  const { request, vcs, complete } = requestParameters(told, mode);
  const resolvedDependencies = dependencies(captured);
  const incomplete = captured.incomplete || captured.locals.length > 0;
  const definition = mode === 'max' ? shownDefinition(told.definition) : undefined;
  const steps = definition && buildConfig(definition);
  const source = definition && buildSource(definition);
  const descriptors = definition ? stepLayers(definition, layers) : {};
  return {
    buildDefinition: {
      buildType,
      ...(resolvedDependencies.length > 0 && { resolvedDependencies }),
      externalParameters: { configSource: config, request: { ...request, compatibilityVersion } },
      internalParameters: {
        ...(steps && { buildConfig: steps }),
        builderPlatform: formatPlatform(hostPlatform()),
        ...(dockerfileVersion !== undefined && { dockerfileVersion }),
      },
    },
    runDetails: {
      builder: { id: builderId },
      metadata: {
        ...(times && {
          invocationId: invocation(),
          startedOn: new Date(times.started).toISOString(),
          finishedOn: new Date(times.finished).toISOString(),
        }),
        buildkit_metadata: {
          ...(Object.keys(vcs).length > 0 && { vcs }),
          ...(source && { source }),
          ...(Object.keys(descriptors).length > 0 && { layers: descriptors }),
        },
        ...(!incomplete && !captured.network && { buildkit_hermetic: true }),
        buildkit_completeness: { request: frontend !== '' && complete, resolvedDependencies: !incomplete },
        ...(reproducible && { buildkit_reproducible: true }),
      },
    },
  };
}

/** What a build read, as far as digests name it. */
function dependencies({ images, git, http }: Capture): readonly Dependency[] {
  return [
    ...images.map(({ reference, platform, digest, local }) => ({
      uri: imagePurl(local ? 'oci' : 'docker', parseReference(reference), platform),
      digest: digestSet(digest),
    })),
    ...git.map(({ url, commit }) => ({ uri: url, digest: { [commit.length === 64 ? 'sha256' : 'sha1']: commit } })),
    ...http.map(({ url, digest }) => ({ uri: url, digest: digestSet(digest) })),
  ];
}

function invocation(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

function notComplete({ locals, incomplete }: Capture): Failed<AttestationFailure> {
  const names = [...locals.map((name) => `the folder ${name}`), ...(incomplete ? ['a build inside of it'] : [])];
  const message = `provenance materials are incomplete: no digest names ${names.join(', ')}; build from a git repository, or leave out complete-materials`;
  return new Failed<AttestationFailure>({ kind: 'materials-incomplete', names: locals, message });
}
