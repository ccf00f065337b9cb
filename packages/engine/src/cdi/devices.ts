// The devices of this machine that containers may get, by name: what the files of the Container Device Interface say.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failed } from '../std/failed.ts';
import { nearest } from '../std/nearest.ts';
import { readDeviceSpec, type ContainerEdits, type Device, type DeviceFailure, type DeviceSpec } from './spec.ts';

/** Where files of devices are looked for. Those of a later folder come before those of an earlier one. */
export const deviceFolders = ['/etc/cdi', '/var/run/cdi'];

/** A device as asked for: by its full name, `vendor/class`, `vendor/class=*`, or a class that its annotations name. */
export interface DeviceRequest {
  readonly name: string;
  readonly optional: boolean;
}

interface Known {
  readonly spec: DeviceSpec;
  readonly device: Device;
  readonly annotations: Readonly<Record<string, string>>;
}

const classAnnotation = 'org.mobyproject.buildkit.device.class';
const allowedAnnotation = 'org.mobyproject.buildkit.device.autoallow';

export class Devices {
  readonly #folders: readonly string[];
  /** By full name, sorted. */
  readonly #known: ReadonlyMap<string, Known>;

  private constructor(folders: readonly string[], known: ReadonlyMap<string, Known>) {
    this.#folders = folders;
    this.#known = known;
  }

  /** Reads all files. Throws `Failed<DeviceFailure>` for one that can't be used, and for a device that two have. */
  static async read(folders: readonly string[] = deviceFolders): Promise<Devices> {
    const found = new Map<string, Known>();
    for (const folder of folders) {
      const here = new Map<string, Known>();
      for (const spec of await specsIn(folder)) {
        for (const device of spec.devices) {
          const name = `${spec.kind}=${device.name}`;
          const twin = here.get(name);
          if (twin) {
            const message = `the device ${name} is in two CDI files: ${twin.spec.file} and ${spec.file}`;
            throw new Failed<DeviceFailure>({ kind: 'device-spec', file: spec.file, message });
          }
          here.set(name, { spec, device, annotations: { ...spec.annotations, ...device.annotations } });
        }
      }
      for (const [name, known] of here) found.set(name, known);
    }
    return new Devices(folders, new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1))));
  }

  /** The full names of what is asked for, each once. Throws where something that is required is not there. */
  find(requests: readonly DeviceRequest[]): readonly string[] {
    const names = new Set<string>();
    for (const request of requests) {
      const found = this.#named(request.name);
      if (found.length === 0 && !request.optional) throw this.#missing(request.name);
      for (const name of found) names.add(name);
    }
    return [...names];
  }

  /** Whether the machine's owner lets every build have a device. */
  isOpen(name: string): boolean {
    return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(
      this.#known.get(name)?.annotations[allowedAnnotation] ?? '',
    );
  }

  /** What devices change in a container; what a file says for all of its devices comes once, before them. */
  edits(names: readonly string[]): readonly ContainerEdits[] {
    const known = names.flatMap((name) => this.#known.get(name) ?? []);
    const specs = new Set(known.map(({ spec }) => spec));
    return [...specs].flatMap((spec) => [
      spec.edits,
      ...known.filter((each) => each.spec === spec).map(({ device }) => device.edits),
    ]);
  }

  #named(name: string): readonly string[] {
    const equals = name.indexOf('=');
    const kind = equals < 0 ? name : name.slice(0, equals);
    const wanted = equals < 0 ? '' : name.slice(equals + 1);
    const all = [...this.#known.keys()];
    const ofKind = all.filter((each) => each.startsWith(`${kind}=`));
    const found = wanted === '' ? ofKind.slice(0, 1) : wanted === '*' ? ofKind : all.filter((each) => each === name);
    if (found.length > 0) return found;
    return all.filter((each) => this.#known.get(each)!.annotations[classAnnotation] === name);
  }

  #missing(device: string): Failed<DeviceFailure> {
    const meant = nearest(device, this.#known.keys());
    const there = [...this.#known.keys()];
    const hint =
      meant !== undefined
        ? ` (did you mean ${meant}?)`
        : there.length > 0
          ? `; there is ${there.slice(0, 12).join(', ')}`
          : `; no CDI file in ${this.#folders.join(' or ')} has a device`;
    const message = `required device "${device}" is not registered${hint}`;
    return new Failed<DeviceFailure>({ kind: 'device-unknown', device, message });
  }
}

async function specsIn(folder: string): Promise<readonly DeviceSpec[]> {
  let names: readonly string[];
  try {
    names = readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const specs: DeviceSpec[] = [];
  for (const name of names) {
    if (!/\.(?:json|ya?ml)$/.test(name)) continue;
    const file = join(folder, name);
    specs.push(readDeviceSpec(await parsed(file), file));
  }
  return specs;
}

/** JSON is YAML, but its reader is always there. */
async function parsed(file: string): Promise<unknown> {
  const text = readFileSync(file, 'utf8');
  try {
    if (file.endsWith('.json')) return JSON.parse(text);
    const { load } = await import('js-yaml');
    return load(text);
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const message = `the CDI file ${file} can't be read: ${why}`;
    throw new Failed<DeviceFailure>({ kind: 'device-spec', file, message }, { cause: error });
  }
}
