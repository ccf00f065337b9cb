// Targets as bake and compose files define them, before they inherit from each other: plain data by bake's own names, so
// that it can be kept.

import type { Range } from '@monokit/engine/std/diagnostic';
import type { ImageWatch } from '../config.ts';

/** Where something was written. */
export interface Place {
  /** Absolute. */
  readonly file: string;
  readonly range: Range;
}

/** A cache or an output: its `type`, its `dest` and its other attributes. */
export type Attributes = Readonly<Record<string, string>>;

export interface SecretEntry {
  readonly id?: string;
  readonly src?: string;
  readonly env?: string;
}

export interface SshEntry {
  readonly id: string;
  readonly paths?: readonly string[];
}

/** Attributes of a target by the kind of what stands in them; the order is that in which bake prints them. */
export const attributeKinds = {
  description: 'text',
  inherits: 'texts',
  annotations: 'texts',
  attest: 'attests',
  context: 'text',
  contexts: 'map',
  dockerfile: 'text',
  'dockerfile-inline': 'text',
  args: 'nullable map',
  labels: 'nullable map',
  tags: 'texts',
  'cache-from': 'caches',
  'cache-to': 'caches',
  target: 'text',
  secret: 'secrets',
  ssh: 'ssh',
  platforms: 'texts',
  output: 'outputs',
  pull: 'flag',
  'no-cache': 'flag',
  network: 'text',
  'no-cache-filter': 'texts',
  'shm-size': 'text',
  ulimits: 'texts',
  resources: 'resources',
  call: 'text',
  entitlements: 'texts',
  'extra-hosts': 'nullable map',
  policy: 'policies',
} as const;

export type AttributeName = keyof typeof attributeKinds;
export type AttributeKind = (typeof attributeKinds)[AttributeName];

interface KindValues {
  readonly text: string;
  readonly flag: boolean;
  readonly texts: readonly string[];
  readonly map: Readonly<Record<string, string>>;
  readonly 'nullable map': Readonly<Record<string, string | null>>;
  readonly caches: readonly Attributes[];
  readonly outputs: readonly Attributes[];
  readonly attests: readonly Attributes[];
  readonly secrets: readonly SecretEntry[];
  readonly ssh: readonly SshEntry[];
  readonly resources: Readonly<Record<string, string | number>>;
  readonly policies: readonly Attributes[];
}

export type KindValue<K extends AttributeKind = AttributeKind> = KindValues[K];

/** What a target says of itself. */
export type TargetAttributes = { readonly [N in AttributeName]?: KindValue<(typeof attributeKinds)[N]> };

export interface BakeTarget {
  readonly name: string;
  readonly attributes: TargetAttributes;
  /** Of attributes (`tags`), of entries of maps (`args.VERSION`), and of the target itself (an empty text). */
  readonly places: Readonly<Record<string, Place>>;
  /** The folder that its paths are relative to, absolute. */
  readonly folder: string;
  /** What its compose service says of the container: nothing that bake knows. */
  readonly service?: ServiceWatch;
}

/** A service as it runs while somebody works on it. Its paths are absolute. */
export interface ServiceWatch {
  /** Undefined: nothing is said, or what is said is wrong. */
  readonly watch?: ImageWatch;
  /** Keys that a container here does not have. */
  readonly notObeyed: readonly string[];
  /** What is wrong with it, and where; its image can be built all the same. */
  readonly wrong?: { readonly message: string; readonly place: Place };
}

export interface BakeGroup {
  readonly name: string;
  readonly description?: string;
  readonly targets: readonly string[];
  readonly place?: Place;
}

/** A variable as `--list variables` tells of it. */
export interface BakeVariable {
  readonly name: string;
  readonly description?: string;
  readonly type?: string;
  /** As a text, or as JSON; not there for null. */
  readonly value?: string;
}

/** All that files define together. */
export interface Definition {
  /** Absolute, in the order in which they were read. */
  readonly files: readonly string[];
  readonly targets: readonly BakeTarget[];
  readonly groups: readonly BakeGroup[];
  readonly variables: readonly BakeVariable[];
  /** Names that texts of `--var` may have; undefined if any may. */
  readonly settable?: readonly string[];
}
