// The engine's side of LLBBridge for one frontend: what it asks, and what it gives in the end.

import type { Definition } from '../../llb/definition.ts';
import { loadDefinition } from '../../llb/load.ts';
import { mapResult, refsOf, type Result } from '../../llb/result.ts';
import type { Work } from '../../progress/work.ts';
import type { Call, Handlers } from '../../rpc/service.ts';
import { rpcFailed, type RpcStatus } from '../../rpc/status.ts';
import type { HeldContainer, ProgramBridge } from '../program-bridge.ts';
import { announced } from './capabilities.ts';
import { execProcess } from './exec-process.ts';
import { llbBridge } from './llb-bridge.ts';
import type { NewContainerRequest } from './messages/containers.ts';
import type { ResultMessage } from './messages/result.ts';
import type { SolveRequestMessage } from './messages/solve.ts';
import { worker } from './process.ts';
import { Refs } from './refs.ts';
import { resultOf } from './results.ts';
import { refusePolicies, resolveImageConfig, resolveSourceMeta } from './sources.ts';
import { statMessage } from './stat.ts';
import { warningOf } from './warning.ts';
import { readResult, writeDeprecatedResult, writeResult } from './wire-result.ts';

/** What a frontend gave in the end. */
export type Given =
  | { readonly kind: 'result'; readonly result: Result<Definition> }
  | { readonly kind: 'error'; readonly status: RpcStatus };

export interface BridgeServiceOptions {
  readonly bridge: ProgramBridge;
  readonly inputs: ReadonlyMap<string, Definition>;
  readonly work: Work;
}

type Bridge = Handlers<typeof llbBridge>;

/** Disposing ends its containers, and lets go of what was solved for it. */
export class BridgeService implements AsyncDisposable {
  /** What answers failed with, as it happened here; the frontend knows only their words. */
  readonly failures: unknown[] = [];
  readonly handlers: Bridge;
  readonly #options: BridgeServiceOptions;
  readonly #refs: Refs;
  readonly #containers = new Map<string, HeldContainer>();
  readonly #stop = new AbortController();
  #given: Given | undefined;

  constructor(options: BridgeServiceOptions) {
    this.#options = options;
    this.#refs = new Refs(options.bridge);
    this.handlers = this.#noted(this.#answers());
  }

  /** Undefined as long as the frontend has given nothing. */
  get given(): Given | undefined {
    return this.#given;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the frontend has ended'));
    await using stack = new AsyncDisposableStack();
    stack.use(this.#refs);
    for (const container of this.#containers.values()) stack.use(container);
    this.#containers.clear();
  }

  #answers(): Bridge {
    const { bridge, inputs, work } = this.#options;
    const refs = this.#refs;
    return {
      ping: async () => ({
        frontendCapabilities: announced.gateway,
        llbCapabilities: announced.llb,
        workers: [worker],
      }),
      solve: (request) => this.#solve(request),
      resolveImageConfig: (request) => resolveImageConfig(request, bridge),
      resolveSourceMeta: (request) => resolveSourceMeta(request, bridge),
      readFile: async ({ ref, path, range }) => ({ data: await (await refs.tree(ref)).readFile(path, range) }),
      readDir: async ({ ref, path, includePattern }) => ({
        entries: (await (await refs.tree(ref)).readDir(path, includePattern)).map(statMessage),
      }),
      statFile: async ({ ref, path }) => ({ stat: statMessage(await (await refs.tree(ref)).stat(path)) }),
      evaluate: async ({ ref }) => {
        await refs.tree(ref);
        return {};
      },
      inputs: async () => ({ definitions: inputs }),
      return: async ({ result, error }) => {
        if (error && error.code !== 0) this.#give({ kind: 'error', status: error });
        else this.#give({ kind: 'result', result: this.#read(result) });
        return {};
      },
      warn: async (request) => {
        work.report({ kind: 'warning', at: Date.now(), ...warningOf(request) });
        return {};
      },
      newContainer: async (request) => {
        await this.#newContainer(request);
        return {};
      },
      releaseContainer: async ({ containerId }) => {
        const container = this.#container(containerId);
        this.#containers.delete(containerId);
        await container[Symbol.asyncDispose]();
        return {};
      },
      execProcess: (messages, { signal }) =>
        execProcess(messages, { containers: this.#containers, signal: this.#stop.signal }, signal),
      readFileContainer: async ({ ref, path, range, mountIndex }) => ({
        data: await this.#container(ref).tree(mountIndex).readFile(path, range),
      }),
      readDirContainer: async ({ ref, path, includePattern, mountIndex }) => ({
        entries: (await this.#container(ref).tree(mountIndex).readDir(path, includePattern)).map(statMessage),
      }),
      statFileContainer: async ({ ref, path, mountIndex }) => ({
        stat: statMessage(await this.#container(ref).tree(mountIndex).stat(path)),
      }),
    };
  }

  async #solve(request: SolveRequestMessage) {
    refusePolicies(request.sourcePolicies);
    const result = await this.#resultFor(request);
    const named = await mapResult(result, async (definition) => this.#refs.add(definition));
    if (request.evaluate) await Promise.all(refsOf(named).map(({ id }) => this.#refs.tree(id)));
    if (request.final) this.#give({ kind: 'result', result: withMetadata(result, request.exporterAttrs) });
    if (!request.allowResultReturn && result.kind === 'platforms') {
      throw rpcFailed('unknown', 'solve did not return default result');
    }
    const write = request.allowResultArrayRef ? writeResult : writeDeprecatedResult;
    const first = named.kind === 'single' ? (named.ref?.id ?? '') : '';
    return {
      result: write(named, (ref) => ref),
      ...(!request.allowResultReturn && { refDeprecated: first }),
    };
  }

  /** Of a definition, which is only read; or of another frontend. */
  async #resultFor(request: SolveRequestMessage): Promise<Result<Definition>> {
    const { definition, frontend, frontendOptions, frontendInputs, cacheImports } = request;
    if (cacheImports.length > 0) this.#options.bridge.importCaches(cacheImports);
    if (definition && frontend !== '') {
      throw rpcFailed('invalid-argument', 'cannot solve with both Definition and Frontend specified');
    }
    if (frontend !== '') {
      const given = await this.#options.bridge.forward(frontend, Object.fromEntries(frontendOptions), frontendInputs);
      const images = given.images.map(({ definition: of, ...image }) => ({ ...image, ref: notScratch(of) }));
      return resultOf(images, given);
    }
    if (definition) loadDefinition(definition);
    return { ...nothing, ref: definition && notScratch(definition) };
  }

  #read(message: ResultMessage | undefined): Result<Definition> {
    if (!message) return { ...nothing, ref: undefined };
    return readResult(message, ({ id }) => this.#refs.definition(id));
  }

  #give(given: Given): void {
    if (this.#given) throw rpcFailed('unknown', 'gateway result is already set');
    this.#given = given;
  }

  async #newContainer({ containerId, mounts, ...request }: NewContainerRequest): Promise<void> {
    const exists = () => {
      if (!this.#containers.has(containerId)) return;
      throw rpcFailed('already-exists', `Container ${containerId} already exists`);
    };
    exists();
    const held = await this.#options.bridge.openContainer({
      name: `container ${containerId}`,
      mounts: await Promise.all(
        mounts.map(async (mount) => ({
          mount,
          ...(mount.resultId !== '' && { tree: await this.#refs.tree(mount.resultId) }),
        })),
      ),
      network: request.network,
      hostname: request.hostname,
      extraHosts: request.extraHosts,
      ...(request.platform && { platform: request.platform }),
    });
    try {
      exists();
      this.#stop.signal.throwIfAborted();
    } catch (error) {
      await held[Symbol.asyncDispose]();
      throw error;
    }
    this.#containers.set(containerId, held);
  }

  #container(id: string): HeldContainer {
    const container = this.#containers.get(id);
    if (container) return container;
    throw rpcFailed('not-found', `container details for ${id} not found`);
  }

  /** Keeps what answers fail with: a frontend that fails because of one gives it up in other words. */
  #noted(handlers: Bridge): Bridge {
    const noted = Object.entries(handlers).map(([name, handle]) => {
      if (name === 'execProcess') return [name, handle];
      const answer = handle as (request: unknown, call: Call) => Promise<unknown>;
      return [
        name,
        async (request: unknown, call: Call) => {
          try {
            return await answer(request, call);
          } catch (error) {
            this.failures.push(error);
            throw error;
          }
        },
      ];
    });
    return Object.fromEntries(noted) as Bridge;
  }
}

const nothing = { kind: 'single', metadata: new Map(), attestations: new Map() } as const;

function notScratch(definition: Definition): Definition | undefined {
  return definition.ops.length > 0 ? definition : undefined;
}

/** The metadata of a final result from clients that know no Return: JSON, values in base64. */
function withMetadata(result: Result<Definition>, json: Uint8Array): Result<Definition> {
  const given = json.length > 0 ? (JSON.parse(Buffer.from(json).toString()) as Record<string, string>) : {};
  const metadata = Object.entries(given ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const);
  return { ...result, metadata: new Map<string, Uint8Array>([...metadata, ...result.metadata]) };
}
