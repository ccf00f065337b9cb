// What devices change in the spec of a container, as the Container Device Interface says.

import { lstatSync } from 'node:fs';
import type { ContainerEdits, DeviceNode, Hook } from '../cdi/spec.ts';
import { Failed } from '../std/failed.ts';
import { deviceParts } from '../sys/mknod.ts';
import type { ExecutorFailure } from './failure.ts';
import type { Device, RuntimeSpec, SpecMount } from './runtime-spec.ts';

/** The spec with devices in it. Nodes are looked up on this machine where their numbers are not said. */
export function withDevices(spec: RuntimeSpec, edits: readonly ContainerEdits[]): RuntimeSpec {
  return edits.reduce(withEdits, spec);
}

/** Mounts of devices, which need a place in the container. */
export function deviceMounts(edits: readonly ContainerEdits[]): readonly { target: string; kind: 'file' | 'folder' }[] {
  return edits.flatMap(({ mounts }) =>
    mounts.map(({ hostPath, containerPath }) => ({
      target: containerPath,
      kind: lstatSync(hostPath, { throwIfNoEntry: false })?.isDirectory() ? ('folder' as const) : ('file' as const),
    })),
  );
}

function withEdits(spec: RuntimeSpec, { env, nodes, mounts, hooks, groups }: ContainerEdits): RuntimeSpec {
  const { process, linux } = spec;
  const { user } = process;
  const devices = nodes.map((node) => deviceOf(node, user.uid, user.gid));
  const paths = new Set(devices.map(({ path }) => path));
  const targets = new Set(mounts.map(({ containerPath }) => containerPath));
  return {
    ...spec,
    process: {
      ...process,
      env: [...new Map([...process.env, ...env].map((line) => [line.split('=', 1)[0]!, line])).values()],
      user: { ...user, additionalGids: [...new Set([...user.additionalGids, ...groups])] },
    },
    mounts: [
      ...spec.mounts.filter(({ destination }) => !targets.has(destination)),
      ...mounts.map(({ hostPath: source, containerPath: destination, type, options }): SpecMount => ({
        destination,
        type,
        source,
        options: options.length > 0 ? options : ['rbind', 'ro'],
      })),
    ],
    ...(hooks.length > 0 && { hooks: withHooks(spec.hooks ?? {}, hooks) }),
    linux: {
      ...linux,
      devices: [...(linux.devices ?? []).filter(({ path }) => !paths.has(path)), ...devices],
      resources: {
        ...linux.resources,
        devices: [
          ...linux.resources.devices,
          ...devices.flatMap(({ type, major, minor }, i) =>
            type === 'p' ? [] : [{ allow: true, type, major, minor, access: nodes[i]!.permissions ?? 'rwm' }],
          ),
        ],
      },
    },
  };
}

/** A process that is not root has its device for itself, unless the file says whose it is. */
function deviceOf(node: DeviceNode, processUid: number, processGid: number): Device {
  const { path, hostPath = path, fileMode } = node;
  const uid = node.uid ?? (processUid > 0 ? processUid : undefined);
  const gid = node.gid ?? (processGid > 0 ? processGid : undefined);
  return {
    path,
    ...numbersOf(node, hostPath),
    ...(fileMode !== undefined && { fileMode }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  };
}

function numbersOf({ type, major, minor }: DeviceNode, hostPath: string): Pick<Device, 'type' | 'major' | 'minor'> {
  if (type === 'p') return { type, major: 0, minor: 0 };
  if ((type === 'b' || type === 'c' || type === 'u') && major) {
    return { type: type === 'b' ? 'b' : 'c', major, minor: minor ?? 0 };
  }
  const stats = lstatSync(hostPath, { throwIfNoEntry: false });
  if (stats?.isFIFO()) return { type: 'p', major: 0, minor: 0 };
  if (!stats?.isCharacterDevice() && !stats?.isBlockDevice()) {
    const message = `the device ${hostPath} is not on this machine, though a CDI file names it`;
    throw new Failed<ExecutorFailure>({ kind: 'runtime', message });
  }
  return { type: stats.isBlockDevice() ? 'b' : 'c', ...deviceParts(stats.rdev) };
}

function withHooks(known: NonNullable<RuntimeSpec['hooks']>, added: readonly Hook[]): RuntimeSpec['hooks'] {
  const hooks = { ...known };
  for (const { name, ...hook } of added) hooks[name] = [...(hooks[name] ?? []), hook];
  return hooks;
}
