// Frontends written in a test: a function of the test file becomes the program of a frontend's image, and runs in a
// container of a real engine.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  llb,
  openEngine,
  type CacheEntry,
  type Defined,
  type Event,
  type ExportRequest,
  type LocalEngine,
  type SolveResponse,
} from '@monokit/engine';
import type * as gateway from '@monokit/engine/gateway';
import { openSession } from '@monokit/engine/session';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { makeExampleBases } from './bases.ts';
import { projectRoot } from './rig.ts';
import { writeTree, type Tree } from './tree.ts';

/** Runs inside the container: it sees nothing but its arguments. What it returns has to survive JSON. */
export type Scenario<T> = (client: gateway.FrontendClient, library: typeof gateway) => Promise<T>;

export interface AskOptions {
  readonly options?: Readonly<Record<string, string>>;
  /** The build context. */
  readonly context?: Tree;
  readonly labels?: Readonly<Record<string, string>>;
  readonly entitlements?: readonly string[];
  readonly secrets?: Readonly<Record<string, string>>;
  readonly inputs?: Readonly<Record<string, llb.State>>;
  readonly cacheFrom?: readonly CacheEntry[];
  readonly cacheTo?: readonly CacheEntry[];
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: Event) => void;
}

export interface FrontendRig extends AsyncDisposable {
  readonly engine: LocalEngine;
  readonly folder: string;
  /** What the scenario returned. */
  ask<T>(scenario: Scenario<T>, options?: AskOptions): Promise<T>;
  /** Builds what the scenario gives, into a folder unless told otherwise. */
  build(
    scenario: Scenario<gateway.FrontendOutput>,
    options?: AskOptions & { readonly exports?: readonly ExportRequest[] },
  ): Promise<{ readonly out: string; readonly defined: Defined; readonly response: SolveResponse }>;
  /** Runs a program of any kind as the frontend. */
  define(program: string, options?: AskOptions): Promise<Defined>;
}

export async function openFrontendRig(): Promise<FrontendRig> {
  makeExampleBases();
  const temp = makeTempFolder({ prefix: 'monokit-frontends-' });
  const registries = { 'docker.io': { mirrors: [join(projectRoot, '.bases')] } };
  const engine = await openEngine({ cacheDir: join(temp.path, 'cache'), registries });
  let count = 0;

  const define: FrontendRig['define'] = async (program, about = {}) => {
    const context = join(temp.path, `context${count++}`);
    mkdirSync(context);
    writeTree(context, about.context ?? {});
    const { options = {}, labels, entitlements = [], inputs = {}, signal, onEvent } = about;
    const secrets = Object.entries(about.secrets ?? {});
    await using session = openSession({
      folders: {
        context: { root: context },
        dockerfile: { root: context },
        engine: { root: join(projectRoot, 'packages/engine') },
      },
      secrets: secrets.map(([id]) => ({ id, kind: 'env', variable: `SECRET_${id}` })),
      env: Object.fromEntries(secrets.map(([id, value]) => [`SECRET_${id}`, value])),
    });
    return engine.define(
      {
        id: 'test',
        source: {
          kind: 'frontend',
          frontend: 'gateway.v0',
          options: { source: 'scenario', ...options },
          input: async (name) => {
            if (name === 'scenario') return { definition: await imageOf(program), config: configOf(labels) };
            const state = inputs[name];
            return state && { definition: await state.marshal({ localUniqueId: 'test' }) };
          },
        },
        session,
        exports: [],
        entitlements,
        cacheFrom: about.cacheFrom ?? [],
        cacheTo: about.cacheTo ?? [],
      },
      { signal: signal ?? new AbortController().signal, report: onEvent ?? (() => undefined) },
    );
  };
  return {
    engine,
    folder: temp.path,
    define,
    async ask(scenario, options) {
      const asked = { ...options, options: { requestid: 'test', ...options?.options } };
      const { metadata } = await define(programOf(scenario, { answers: true }), asked);
      return JSON.parse(metadata['result.json']!) as never;
    },
    async build(scenario, options) {
      const defined = await define(programOf(scenario, { answers: false }), options);
      const out = join(temp.path, `out${count++}`);
      mkdirSync(out);
      const folder = { type: 'local', attrs: {}, destination: { kind: 'folder', path: out } } as const;
      const { exports = [folder] } = options ?? {};
      await using build = engine.open({ signal: new AbortController().signal, report: () => undefined });
      const [response] = build.solve([{ ...defined, request: { ...defined.request, exports } }]);
      return { out, defined, response: await response! };
    },
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await temp[Symbol.asyncDispose]();
    },
  };
}

/** The program around a scenario. */
function programOf(scenario: Scenario<unknown>, { answers }: { readonly answers: boolean }): string {
  const call = `(${scenario.toString()})(client, library)`;
  const answer = `{ images: [], metadata: { 'result.json': JSON.stringify((await ${call}) ?? null) } }`;
  return `import * as library from '@monokit/engine/gateway';
    await library.runFrontend(async (client) => (${answers ? answer : `await ${call}`}));`;
}

/** An image with Node, the engine's client and a program. */
function imageOf(program: string): Promise<llb.Definition> {
  const engine = llb.local('engine', { include: ['package.json', 'src'] });
  const state = llb
    .image('node:24-slim')
    .copy(engine, '/', '/frontend/engine', { createDestPath: true, dirContentsOnly: true })
    .mkdir('/frontend/node_modules/@monokit', { parents: true })
    .symlink('../../engine', '/frontend/node_modules/@monokit/engine')
    .mkfile('/frontend/main.mjs', program);
  return state.marshal({ localUniqueId: 'test' });
}

function configOf(labels: Readonly<Record<string, string>> = {}) {
  const Labels = { 'moby.buildkit.frontend.caps': 'moby.buildkit.frontend.inputs', ...labels };
  const Entrypoint = ['node', '--conditions=source', '/frontend/main.mjs'];
  return { os: 'linux', architecture: 'amd64', config: { Entrypoint, Labels, WorkingDir: '/tmp' } };
}
