import type { Platform } from '../oci/platform.ts';
import type { LinuxResources, OpMetadata, ProgressGroup } from './metadata.ts';
import type { SourceLocation } from './source-map.ts';

/**
 * What any vertex may be given beside its own options. Apart from `platform` and `workers` these are metadata: they
 * never change a vertex's digest.
 */
export interface Constraints {
  /** What the vertex is for: which image of an index, what an exec runs on. By default that of the state below it. */
  readonly platform?: Platform | undefined;
  /** Run it even if its result is cached. */
  readonly ignoreCache?: boolean | undefined;
  /** Shown in progress instead of the name made from the op. */
  readonly customName?: string | undefined;
  /** Text that builders pass on and do not read. */
  readonly description?: Readonly<Record<string, string>> | undefined;
  /** Whether the result goes into exported caches; undefined leaves it to the build. */
  readonly exportCache?: boolean | undefined;
  readonly progressGroup?: ProgressGroup | undefined;
  /** Limits of the containers; a matter of one build, so never part of a cache key. */
  readonly linuxResources?: LinuxResources | undefined;
  /** Where the vertex was written, for error messages. */
  readonly location?: SourceLocation | readonly SourceLocation[] | undefined;
  /** containerd-style filters for the worker. */
  readonly workers?: readonly string[] | undefined;
}

/** The metadata that constraints and the op's own capabilities amount to. */
export function metadataOf(constraints: Constraints, capabilities: Iterable<string>): OpMetadata {
  const { ignoreCache, customName, description, exportCache, progressGroup, linuxResources } = constraints;
  const texts = { ...description, ...(customName !== undefined && { 'llb.customname': customName }) };
  return {
    ...(ignoreCache && { ignoreCache }),
    ...(Object.keys(texts).length > 0 && { description: texts }),
    ...(exportCache !== undefined && { exportCache }),
    capabilities: new Set(capabilities),
    ...(progressGroup && { progressGroup }),
    ...(linuxResources && { linuxResources }),
  };
}
