// What the tests of this room share: images of two layers without a cache, and an export of them into a world of its own.

import { fakeRef, layerTar } from '../../../../test/rig/fake-ref.ts';
import { MemoryStore } from '../content/memory.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import { openPool } from '../pool/pool.ts';
import { Registries } from '../registry/registry.ts';
import type { Job } from '../session/job.ts';
import type { Session } from '../session/session.ts';
import { exporters, type ExportImage, type ExportInput } from './exporter.ts';

export const amd64 = { os: 'linux', architecture: 'amd64' };
export const arm64 = { os: 'linux', architecture: 'arm64' };
export const baseHistory = [{ created: '2020-02-02T02:02:02Z', created_by: 'base' }];

export function config(more: Partial<ImageConfig> = {}): ImageConfig {
  const history = [...baseHistory, { created_by: 'ENV A=1', empty_layer: true }, { created_by: 'RUN <x> && y' }];
  return {
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { b: '2', a: '1' }, Env: ['A=1'], User: 'me' },
    history,
    ...more,
  };
}

export const layers = [{ tar: layerTar({ base: 'b' }) }, { tar: layerTar({ top: 't' }) }];

export function image(more: Partial<ExportImage> = {}): ExportImage {
  return { platform: amd64, ref: fakeRef(layers), config: config(), ...more };
}

export async function world(more: Partial<Session> = {}) {
  const names = new Map<string, Descriptor>();
  const registries = new Registries({ retry: { tries: 2, delay: () => 0 } });
  const deps = {
    content: new MemoryStore(),
    images: {
      get: (name: string) => (names.has(name) ? { descriptor: names.get(name)! } : undefined),
      put: async (name: string, descriptor: Descriptor) => void names.set(name, descriptor),
    },
    registries: async () => registries,
    pool: openPool({ threads: 1 }),
  };
  const session = { credentials: async () => undefined, ...more } as Session;
  const job: Job = { session, signal: new AbortController().signal, report: () => {} };
  const dispose = async () => {
    await registries[Symbol.asyncDispose]();
    await deps.pool[Symbol.asyncDispose]();
  };
  return { deps, job, names, [Symbol.asyncDispose]: dispose };
}

export async function exported(type: keyof typeof exporters, input: Partial<ExportInput>) {
  await using there = await world();
  return await exporters[type].make(
    { images: [image()], multiPlatform: false, attrs: {}, ...input },
    there.deps,
    there.job,
  );
}
