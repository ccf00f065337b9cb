import type { ContainerLimits } from '../oci/container-limits.ts';
import type { Reader } from '../proto/reader.ts';
import { compareUtf8 } from '../proto/utf8.ts';
import type { Writer } from '../proto/writer.ts';

/** What a definition says of a vertex beside its op. Not part of the vertex's digest. */
export interface OpMetadata {
  readonly ignoreCache?: boolean;
  readonly description?: Readonly<Record<string, string>>;
  /** Whether the result goes into exported caches; undefined leaves it to the build. */
  readonly exportCache?: boolean;
  /** What an engine must know to run the op (`llb/capabilities.ts`). */
  readonly capabilities: ReadonlySet<string>;
  readonly progressGroup?: ProgressGroup;
  readonly linuxResources?: LinuxResources;
}

/** Vertices shown as one line of progress. */
export interface ProgressGroup {
  readonly id: string;
  readonly name: string;
  /** Whether the group is shown only if another vertex of it isn't weak. */
  readonly weak?: boolean;
}

/** As BuildKit calls them. */
export type LinuxResources = ContainerLimits;

/** `over` on top of `under`: texts and capabilities add up, everything else is replaced where `over` says it. */
export function mergeMetadata(under: OpMetadata | undefined, over: OpMetadata): OpMetadata {
  if (!under) return over;
  const description = over.description ? { ...under.description, ...over.description } : under.description;
  return {
    ...under,
    ...over,
    ...(description && { description }),
    capabilities: union(under.capabilities, over.capabilities),
  };
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  if (b.isSubsetOf(a)) return a;
  return a.isSubsetOf(b) ? b : a.union(b);
}

export function encodeMetadata(writer: Writer, metadata: OpMetadata): void {
  writer.bool(1, metadata.ignoreCache);
  writer.stringMap(2, metadata.description && Object.entries(metadata.description));
  writer.message(4, metadata.exportCache, encodeExportCache);
  for (const capability of [...metadata.capabilities].sort(compareUtf8)) {
    writer.message(5, capability, encodeCapability);
  }
  writer.message(6, metadata.progressGroup, encodeProgressGroup);
  writer.message(7, metadata.linuxResources, encodeLinuxResources);
}

export function decodeMetadata(reader: Reader): OpMetadata {
  let ignoreCache = false;
  const description = new Map<string, string>();
  let exportCache: boolean | undefined;
  const capabilities = new Map<string, boolean>();
  let progressGroup: ProgressGroup | undefined;
  let linuxResources: LinuxResources | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        ignoreCache = reader.bool();
        break;
      case 2:
        reader.stringEntry(description);
        break;
      case 4:
        exportCache = reader.message(decodeExportCache);
        break;
      case 5:
        reader.entry(capabilities, readBool, readFalse);
        break;
      case 6:
        progressGroup = reader.message(decodeProgressGroup);
        break;
      case 7:
        linuxResources = reader.message(decodeLinuxResources);
        break;
    }
  }
  return {
    ...(ignoreCache && { ignoreCache }),
    ...(description.size > 0 && { description: Object.fromEntries(description) }),
    ...(exportCache !== undefined && { exportCache }),
    // An entry counts whatever its value, as in BuildKit.
    capabilities: new Set(capabilities.keys()),
    ...(progressGroup && { progressGroup }),
    ...(linuxResources && { linuxResources }),
  };
}

function readBool(reader: Reader): boolean {
  return reader.bool();
}

function readFalse(): boolean {
  return false;
}

function encodeCapability(writer: Writer, capability: string): void {
  writer.stringAlways(1, capability);
  writer.intAlways(2, 1);
}

function encodeExportCache(writer: Writer, value: boolean): void {
  writer.bool(1, value);
}

function decodeExportCache(reader: Reader): boolean {
  let value = false;
  while (reader.next()) if (reader.field === 1) value = reader.bool();
  return value;
}

function encodeProgressGroup(writer: Writer, { id, name, weak }: ProgressGroup): void {
  writer.string(1, id);
  writer.string(2, name);
  writer.bool(3, weak);
}

function decodeProgressGroup(reader: Reader): ProgressGroup {
  let [id, name, weak] = ['', '', false];
  while (reader.next()) {
    if (reader.field === 1) id = reader.string();
    else if (reader.field === 2) name = reader.string();
    else if (reader.field === 3) weak = reader.bool();
  }
  return { id, name, ...(weak && { weak }) };
}

function encodeLinuxResources(writer: Writer, resources: LinuxResources): void {
  writer.int(1, resources.memory);
  writer.int(2, resources.memorySwap);
  writer.int(3, resources.cpuShares);
  writer.int(4, resources.cpuPeriod);
  writer.int(5, resources.cpuQuota);
  writer.string(6, resources.cpusetCpus);
  writer.string(7, resources.cpusetMems);
}

function decodeLinuxResources(reader: Reader): LinuxResources {
  const resources: { -readonly [K in keyof LinuxResources]: LinuxResources[K] } = {};
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        resources.memory = reader.int64();
        break;
      case 2:
        resources.memorySwap = reader.int64();
        break;
      case 3:
        resources.cpuShares = reader.uint64();
        break;
      case 4:
        resources.cpuPeriod = reader.uint64();
        break;
      case 5:
        resources.cpuQuota = reader.int64();
        break;
      case 6:
        resources.cpusetCpus = reader.string();
        break;
      case 7:
        resources.cpusetMems = reader.string();
        break;
    }
  }
  return resources;
}
