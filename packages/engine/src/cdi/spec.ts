// A file of the Container Device Interface: devices of a vendor, and what each changes in a container that gets it.
// https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md

import { Failed, type FailureKind } from '../std/failed.ts';

/** A CDI file that can't be read, or a device that no file has. */
export type DeviceFailure =
  | (FailureKind & { readonly kind: 'device-spec'; readonly file: string })
  | (FailureKind & { readonly kind: 'device-unknown'; readonly device: string });

export interface DeviceSpec {
  readonly file: string;
  /** `vendor.com/class`. */
  readonly kind: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** For whoever gets any of the devices. */
  readonly edits: ContainerEdits;
  readonly devices: readonly Device[];
}

export interface Device {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly edits: ContainerEdits;
}

export interface ContainerEdits {
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly nodes: readonly DeviceNode[];
  readonly mounts: readonly DeviceMount[];
  readonly hooks: readonly Hook[];
  readonly groups: readonly number[];
}

export interface DeviceNode {
  readonly path: string;
  /** Where this machine has it; `path` if left out. What is not said of it is looked up there. */
  readonly hostPath?: string;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** `rwm` if left out. */
  readonly permissions?: string;
}

export interface DeviceMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly options: readonly string[];
  readonly type: string;
}

const hookNames = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;

export interface Hook {
  readonly name: (typeof hookNames)[number];
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: number;
}

/** Reads what was parsed of a file. Throws `Failed<DeviceFailure>` that names file and field. */
export function readDeviceSpec(parsed: unknown, file: string): DeviceSpec {
  const spec = new Reader(parsed, file, '');
  const kind = spec.text('kind');
  if (!/^[A-Za-z][\w.-]*\/[A-Za-z][\w-]*$/.test(kind)) throw spec.wrong('kind', 'is no vendor/class');
  return {
    file,
    kind,
    annotations: spec.record('annotations'),
    edits: editsOf(spec.optional('containerEdits')),
    devices: spec.list('devices').map((device) => {
      const name = device.text('name');
      if (!/^[A-Za-z0-9](?:[\w.:-]*[A-Za-z0-9])?$/.test(name)) throw device.wrong('name', 'is no name of a device');
      return { name, annotations: device.record('annotations'), edits: editsOf(device.optional('containerEdits')) };
    }),
  };
}

const noEdits: ContainerEdits = { env: [], nodes: [], mounts: [], hooks: [], groups: [] };

function editsOf(edits: Reader | undefined): ContainerEdits {
  if (!edits) return noEdits;
  for (const key of ['netDevices', 'intelRdt']) if (edits.has(key)) throw edits.wrong(key, 'is not supported');
  return {
    env: edits.texts('env'),
    nodes: edits.list('deviceNodes').map((node): DeviceNode => ({
      path: node.text('path'),
      ...node.maybe('hostPath', 'string'),
      ...node.maybe('type', 'string'),
      ...node.maybe('major', 'number'),
      ...node.maybe('minor', 'number'),
      ...node.maybe('fileMode', 'number'),
      ...node.maybe('uid', 'number'),
      ...node.maybe('gid', 'number'),
      ...node.maybe('permissions', 'string'),
    })),
    mounts: edits.list('mounts').map((mount) => ({
      hostPath: mount.text('hostPath'),
      containerPath: mount.text('containerPath'),
      options: mount.texts('options'),
      type: mount.maybe('type', 'string').type ?? 'bind',
    })),
    hooks: edits.list('hooks').map((hook): Hook => {
      const name = hookNames.find((known) => known === hook.text('hookName'));
      if (!name) throw hook.wrong('hookName', `is none of ${hookNames.join(', ')}`);
      return {
        name,
        path: hook.text('path'),
        ...(hook.has('args') && { args: hook.texts('args') }),
        ...(hook.has('env') && { env: hook.texts('env') }),
        ...hook.maybe('timeout', 'number'),
      };
    }),
    groups: edits.numbers('additionalGids'),
  };
}

/** Takes an object apart, and says where it is not as it should be. */
class Reader {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #file: string;
  readonly #path: string;

  constructor(value: unknown, file: string, path: string) {
    this.#file = file;
    this.#path = path;
    this.#value = {};
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong('', 'is no object');
    this.#value = value as Readonly<Record<string, unknown>>;
  }

  has(key: string): boolean {
    return this.#value[key] !== undefined && this.#value[key] !== null;
  }

  wrong(key: string, why: string): Failed<DeviceFailure> {
    const where = [this.#path, key].filter((part) => part !== '').join('.') || 'it';
    const message = `the CDI file ${this.#file} can't be used: ${where} ${why}`;
    return new Failed<DeviceFailure>({ kind: 'device-spec', file: this.#file, message });
  }

  text(key: string): string {
    const value = this.#value[key];
    if (typeof value !== 'string' || value === '') throw this.wrong(key, 'is no text');
    return value;
  }

  maybe<K extends string, T extends 'string' | 'number'>(
    key: K,
    type: T,
  ): { readonly [N in K]?: T extends 'string' ? string : number } {
    const value = this.#value[key];
    if (value === undefined || value === null || value === '') return {};
    if (typeof value !== type) throw this.wrong(key, `is no ${type}`);
    return { [key]: value } as { readonly [N in K]?: T extends 'string' ? string : number };
  }

  optional(key: string): Reader | undefined {
    return this.has(key) ? new Reader(this.#value[key], this.#file, this.#at(key)) : undefined;
  }

  list(key: string): readonly Reader[] {
    return this.#items(key).map((item, i) => new Reader(item, this.#file, this.#at(`${key}[${i}]`)));
  }

  texts(key: string): readonly string[] {
    const items = this.#items(key);
    if (!items.every((item) => typeof item === 'string')) throw this.wrong(key, 'is no list of texts');
    return items;
  }

  numbers(key: string): readonly number[] {
    const items = this.#items(key);
    if (!items.every((item) => Number.isSafeInteger(item))) throw this.wrong(key, 'is no list of whole numbers');
    return items as readonly number[];
  }

  record(key: string): Readonly<Record<string, string>> {
    const value = this.#value[key] ?? {};
    if (typeof value !== 'object' || !Object.values(value).every((each) => typeof each === 'string')) {
      throw this.wrong(key, 'is no list of names with texts');
    }
    return value as Readonly<Record<string, string>>;
  }

  #items(key: string): readonly unknown[] {
    const value = this.#value[key] ?? [];
    if (!Array.isArray(value)) throw this.wrong(key, 'is no list');
    return value;
  }

  #at(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }
}
