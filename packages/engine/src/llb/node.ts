import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { Constraints } from './constraints.ts';
import type { Later, LaterContext } from './later.ts';
import type { OpMetadata } from './metadata.ts';
import type { Edge, Op } from './op.ts';
import type { SettingsChain } from './settings.ts';
import type { SourceLocation } from './source-map.ts';

/** A vertex as a state holds it: without digest, for that depends on what it is marshalled for. */
export interface Node {
  /** In the order in which a definition lists them. */
  readonly inputs: readonly Output[];
  /** Its own constraints; those of the marshalling come under them. */
  readonly constraints: Constraints;
  /** The settings it reads; those that are pending are decided before it is made. */
  readonly chains: readonly SettingsChain[];
  make(making: Making): Made;
}

/** One output of a node, or one that is decided at marshalling. Scratch is undefined. */
export type Output =
  | {
      readonly kind: 'node';
      readonly node: Node;
      readonly index: number;
      /** The platform that states made from this output have. */
      readonly platform?: Platform | undefined;
    }
  | { readonly kind: 'later'; readonly later: Later };

/** What a node may ask while it becomes an op. */
export interface Making extends LaterContext {
  /** The edge to an input; undefined for scratch, also for what turned out to be scratch. */
  readonly edge: (output: Output | undefined) => Edge | undefined;
  /** Filters for the worker that hold for every op. */
  readonly workers: readonly string[];
  /** Names the folders of a client that come without a session. */
  readonly localUniqueId: string;
  /** What the engine is known to understand; undefined if that is not known. */
  readonly capabilities?: ReadonlySet<string> | undefined;
}

/** What a node became: an op to encode, or one that was marshalled before. */
export type Made =
  | {
      readonly kind: 'op';
      readonly op: Op;
      /** What the op asks of an engine. */
      readonly capabilities: readonly string[];
    }
  | {
      readonly kind: 'marshalled';
      readonly digest: Digest;
      readonly bytes: Uint8Array;
      readonly metadata: OpMetadata | undefined;
      readonly locations: readonly SourceLocation[];
    };

/** An output whose index is known. */
export function outputOf(node: Node, index = 0, platform?: Platform): Output {
  return { kind: 'node', node, index, ...(platform && { platform }) };
}

/** The worker filters of an op: always present, even if empty, as BuildKit's client writes them. */
export function workersOf(node: Node, making: Making): readonly string[] {
  return node.constraints.workers ? [...making.workers, ...node.constraints.workers] : making.workers;
}
