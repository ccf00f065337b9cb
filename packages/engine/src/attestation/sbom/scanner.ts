import { fromDefinition } from '../../llb/definition-node.ts';
import type { Definition } from '../../llb/definition.ts';
import { image } from '../../llb/sources.ts';
import { scratch } from '../../llb/state.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import type { Platform } from '../../oci/platform.ts';
import { Failed } from '../../std/failed.ts';
import type { SbomOptions } from '../attest-options.ts';
import type { AttestationFailure } from '../failure.ts';

/** The name of the result among what is scanned; others are `sbom-<name>`. */
export const coreName = 'sbom';

/** An image that scans by BuildKit's protocol (docs/attestations/sbom-protocol.md). */
export interface Scanner extends SbomOptions {
  /** With tag and digest. */
  readonly generator: string;
  readonly config: ImageConfig;
  /** Of the machine that builds. */
  readonly platform: Platform;
}

/** What is scanned: the result, and other trees by their names. */
export interface ScanTargets {
  readonly core: Definition;
  readonly extras: ReadonlyMap<string, Definition>;
}

/** A run of the scanner as LLB; what it yields are in-toto statements in files. `name` says for people what is scanned. */
export async function scanDefinition(
  scanner: Scanner,
  { core, extras }: ScanTargets,
  name: string,
): Promise<Definition> {
  const { generator, config, platform, parameters } = scanner;
  const { Entrypoint, Cmd, Env, WorkingDir } = config.config;
  const args = [...(Entrypoint ?? []), ...(Cmd ?? [])];
  if (args.length === 0) {
    const message = `the SBOM generator ${generator} has neither an entrypoint nor a command`;
    throw new Failed<AttestationFailure>({ kind: 'attest-option', option: 'sbom', message });
  }
  const given = (Env ?? []).map((line): [string, string] => {
    const equals = line.indexOf('=');
    return equals < 0 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)];
  });
  let state = image(generator, { platform }).dir(WorkingDir || '/');
  for (const [key, value] of [
    ...given,
    ['BUILDKIT_SCAN_DESTINATION', '/run/out/'] as const,
    ['BUILDKIT_SCAN_SOURCE', `/run/src/core/${coreName}`] as const,
    ...(extras.size > 0 ? [['BUILDKIT_SCAN_SOURCE_EXTRAS', '/run/src/extras'] as const] : []),
    ...Object.entries(parameters).map(([key, value]) => [`BUILDKIT_SCAN_${key}`, value] as const),
  ]) {
    state = state.env(key, value);
  }
  const others = [...extras].map(([extra, definition]) => ({
    kind: 'bind' as const,
    target: `/run/src/extras/${coreName}-${extra}`,
    from: fromDefinition(definition),
    readonly: true,
  }));
  const run = state.run(args, {
    platform,
    customName: `[${name}] generating sbom using ${generator}`,
    mounts: [
      { kind: 'tmpfs', target: '/tmp' },
      { kind: 'bind', target: `/run/src/core/${coreName}`, from: fromDefinition(core), readonly: true },
      ...others,
      { kind: 'bind', target: '/run/out', from: scratch() },
    ],
  });
  return run.mount('/run/out').marshal({ platform });
}
