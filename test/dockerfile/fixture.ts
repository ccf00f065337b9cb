// Dockerfiles of the conformance cases, converted without an engine: the bridge has the case's files and one base image.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '../../packages/engine/src/frontend/dockerfile/dockerfile.ts';
import type { Bridge, FrontendResult } from '../../packages/engine/src/frontend/frontend.ts';
import { digestOf } from '../../packages/engine/src/oci/digest.ts';
import type { Event } from '../../packages/engine/src/progress/event.ts';

export const cases = join(import.meta.dirname, '../conformance/cases');

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The config that every image has here. */
export const busyboxConfig = {
  architecture: 'amd64',
  os: 'linux',
  config: { Env: [`PATH=${path}`], Cmd: ['sh'] },
  rootfs: { type: 'layers', diff_ids: [digestOf('a layer')] },
  history: [{ created: '1970-01-01T00:00:00Z', created_by: 'busybox base' }],
};

/** A bridge over files that are given by path. */
export function fakeBridge(
  files: Readonly<Record<string, string | Uint8Array>>,
  overrides: Partial<Bridge> = {},
): Bridge {
  return {
    resolveImage: async (reference) => {
      const name = reference.replace(/^docker\.io\/library\//, '').replace(/:latest$/, '');
      return { digest: digestOf(name), config: Buffer.from(JSON.stringify(busyboxConfig)) };
    },
    readFile: async (_definition, name) => {
      const file = files[name];
      return file === undefined ? undefined : Buffer.from(file);
    },
    readDir: async () => undefined,
    input: async () => undefined,
    changedAt: async () => undefined,
    forward: () => Promise.reject(new Error('there is no other frontend here')),
    ...overrides,
  };
}

interface Case {
  readonly target?: string;
  readonly platform?: string;
  readonly dockerfile?: string;
  readonly buildArgs?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** The frontend's options for a case, with what a client adds from its environment if that is asked for. */
export function optionsOf(name: string, { environment = false } = {}): Record<string, string> {
  const { target, platform, buildArgs, labels, env } = JSON.parse(
    readFileSync(join(cases, name, 'case.json'), 'utf8'),
  ) as Case;
  const options: Record<string, string> = {};
  if (target !== undefined) options.target = target;
  if (platform !== undefined) options.platform = platform;
  for (const [key, value] of Object.entries(buildArgs ?? {})) {
    const given = value ?? (environment ? env?.[key] : undefined);
    if (given !== undefined) options[`build-arg:${key}`] = given;
  }
  for (const [key, value] of Object.entries(labels ?? {})) options[`label:${key}`] = value;
  return options;
}

export async function convertText(
  text: string | Uint8Array,
  options: Readonly<Record<string, string>> = {},
  bridge: Bridge = fakeBridge({ Dockerfile: text }),
): Promise<FrontendResult & { readonly warnings: readonly Extract<Event, { kind: 'warning' }>[] }> {
  const warnings: Extract<Event, { kind: 'warning' }>[] = [];
  const work = {
    signal: new AbortController().signal,
    report: (event: Event) => {
      if (event.kind === 'warning') warnings.push(event);
    },
  };
  const settings = { buildPlatform: { os: 'linux', architecture: 'amd64' }, uniqueId: 'fixture' };
  const result = await convert(options, bridge, work, settings);
  return { ...result, warnings };
}
