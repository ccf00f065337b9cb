import type { Dependency, ProvenanceV1 } from './provenance.ts';

/** SLSA's predicate v0.2, as BuildKit turns v1 into it (ConvertToSLSA02). */
export interface ProvenanceV02 {
  readonly builder: { readonly id: string };
  readonly buildType: string;
  readonly materials?: readonly Dependency[];
  readonly invocation: unknown;
  readonly buildConfig?: unknown;
  readonly metadata?: unknown;
}

export function slsa02({ buildDefinition, runDetails }: ProvenanceV1): ProvenanceV02 {
  const { resolvedDependencies, externalParameters, internalParameters } = buildDefinition;
  const { buildConfig, builderPlatform, dockerfileVersion } = internalParameters;
  const { configSource, request } = externalParameters;
  const { metadata } = runDetails;
  const { buildkit_completeness: complete } = metadata;
  return {
    builder: runDetails.builder,
    buildType: 'https://mobyproject.org/buildkit@v1',
    ...(resolvedDependencies && { materials: resolvedDependencies }),
    invocation: {
      configSource: {
        ...(configSource.uri !== undefined && { uri: configSource.uri }),
        ...(configSource.digest && { digest: configSource.digest }),
        ...(configSource.path !== undefined && { entryPoint: configSource.path }),
      },
      parameters: request,
      environment: { ...(dockerfileVersion !== undefined && { dockerfileVersion }), platform: builderPlatform },
    },
    ...(buildConfig !== undefined && { buildConfig }),
    metadata: {
      ...(metadata.invocationId !== undefined && { buildInvocationID: metadata.invocationId }),
      ...(metadata.startedOn !== undefined && { buildStartedOn: metadata.startedOn }),
      ...(metadata.finishedOn !== undefined && { buildFinishedOn: metadata.finishedOn }),
      completeness: {
        parameters: complete.request,
        environment: true,
        materials: complete.resolvedDependencies,
      },
      reproducible: metadata.buildkit_reproducible ?? false,
      'https://mobyproject.org/buildkit@v1#metadata': metadata.buildkit_metadata,
      ...(metadata.buildkit_hermetic && { 'https://mobyproject.org/buildkit@v1#hermetic': true }),
    },
  };
}
