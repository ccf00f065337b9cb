import { readFileSync } from 'node:fs';
import { fromDefinition } from '../../../llb/definition-node.ts';
import { unmarshalDefinition, type Definition } from '../../../llb/definition.ts';
import { mapResult, type Result } from '../../../llb/result.ts';
import { State } from '../../../llb/state.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { ImageConfig } from '../../../oci/image-config.ts';
import { hostPlatform, parsePlatform, type Platform } from '../../../oci/platform.ts';
import type { ResultMessage } from '../messages/result.ts';
import { readResult } from '../wire-result.ts';
import { openContainer, type ContainerOptions, type FrontendContainer } from './container.ts';
import type { FrontendEnvironment, Worker } from './environment.ts';
import type { TextPlace } from './error.ts';
import { ProcessTalks } from './processes.ts';
import { Reference, type BridgeCalls } from './reference.ts';

export interface SolveOptions {
  /** What images without a platform of their own are for; the first of `platforms` when left out. */
  readonly platform?: Platform;
  /** Bring it about now, and fail if that does. */
  readonly evaluate?: boolean;
  readonly cacheImports?: readonly { readonly type: string; readonly attrs: Readonly<Record<string, string>> }[];
}

export interface WarnOptions {
  readonly place?: TextPlace;
  /** More to tell, a line each. */
  readonly detail?: readonly string[];
  /** A page that explains it. */
  readonly url?: string;
  /** The vertex that it is about. */
  readonly digest?: Digest;
}

/** What a frontend may ask of the engine that runs it. */
export class FrontendClient implements FrontendEnvironment {
  readonly options: FrontendEnvironment['options'];
  readonly sessionId: string;
  readonly workers: readonly Worker[];
  readonly product: string;
  /** What the engine's gateway can, and what definitions may have in them, by BuildKit's names. */
  readonly capabilities: { readonly gateway: ReadonlySet<string>; readonly llb: ReadonlySet<string> };
  readonly #calls: BridgeCalls;
  readonly #talks: ProcessTalks;

  /** @internal By `runFrontend`. */
  static async connect(calls: BridgeCalls, environment: FrontendEnvironment): Promise<FrontendClient> {
    const { frontendCapabilities, llbCapabilities } = await calls.ping({});
    const enabled = (list: typeof llbCapabilities) => new Set(list.filter((each) => each.enabled).map(({ id }) => id));
    return new FrontendClient(calls, environment, {
      gateway: enabled(frontendCapabilities),
      llb: enabled(llbCapabilities),
    });
  }

  private constructor(
    calls: BridgeCalls,
    { options, sessionId, workers, product }: FrontendEnvironment,
    capabilities: FrontendClient['capabilities'],
  ) {
    this.options = options;
    this.sessionId = sessionId;
    this.workers = workers;
    this.product = product;
    this.capabilities = capabilities;
    this.#calls = calls;
    this.#talks = new ProcessTalks(calls);
  }

  /** What is to be built for: the option `platform`, or what the engine builds for by itself. */
  get platforms(): readonly Platform[] {
    const asked = (this.options['platform'] ?? '').split(',').filter(Boolean);
    return asked.length > 0 ? asked.map(parsePlatform) : [this.workers[0]?.platforms[0] ?? hostPlatform()];
  }

  /** Whether the result has to be an index, even of one platform. */
  get multiPlatform(): boolean {
    return this.platforms.length > 1 || this.options['multi-platform'] === 'true';
  }

  /** `--build-arg NAME=value` by name. */
  get buildArgs(): ReadonlyMap<string, string> {
    const prefix = 'build-arg:';
    const args = Object.entries(this.options).filter(([key]) => key.startsWith(prefix));
    return new Map(args.map(([key, value]) => [key.slice(prefix.length), value]));
  }

  /** Gives a state to the engine; undefined stays what is empty. */
  async solve(what: State | Definition, options: SolveOptions = {}): Promise<Reference> {
    const { platform = this.platforms[0]!, evaluate = false, cacheImports = [] } = options;
    const definition = what instanceof State ? await this.marshal(what, platform) : what;
    const result = await this.#solve({
      definition,
      evaluate,
      cacheImports: cacheImports.map(({ type, attrs }) => ({ type, attrs: new Map(Object.entries(attrs)) })),
    });
    if (result.kind === 'single' && result.ref) return result.ref;
    return new Reference(this.#calls, { id: '', definition });
  }

  /** What another frontend of the engine makes: `dockerfile.v0`, or `gateway.v0` with the option `source`. */
  frontend(
    name: string,
    options: Readonly<Record<string, string>>,
    { inputs = new Map(), evaluate = false }: { inputs?: ReadonlyMap<string, Definition>; evaluate?: boolean } = {},
  ): Promise<Result<Reference>> {
    const frontendOptions = new Map(Object.entries(options));
    return this.#solve({ frontend: name, frontendOptions, frontendInputs: inputs, evaluate });
  }

  /** A state as a definition that this engine understands. */
  marshal(state: State, platform: Platform = this.platforms[0]!): Promise<Definition> {
    return state.marshal({ platform, localUniqueId: 'frontend', capabilities: this.capabilities.llb });
  }

  /** An image's digest and config. Fits `llb.image(name, { resolver })`. */
  async resolveImage(
    reference: string,
    options: { readonly platform?: Platform; readonly resolveMode?: string; readonly logName?: string } = {},
  ): Promise<{ readonly reference: string; readonly digest: Digest; readonly config: ImageConfig }> {
    const {
      platform = this.platforms[0]!,
      resolveMode = this.options['image-resolve-mode'] ?? '',
      logName = '',
    } = options;
    const found = await this.#calls.resolveImageConfig({ ref: reference, platform, resolveMode, logName });
    const config = JSON.parse(Buffer.from(found.config).toString()) as ImageConfig;
    return { reference: found.ref || reference, digest: found.digest as Digest, config };
  }

  /** What was handed in with the request, by its names. */
  async inputs(): Promise<ReadonlyMap<string, State>> {
    const { definitions } = await this.#calls.inputs({});
    return new Map([...definitions].map(([name, definition]) => [name, fromDefinition(definition)]));
  }

  /** The frontend's own image; undefined where the engine doesn't tell. */
  currentFrontend(): State | undefined {
    try {
      return fromDefinition(unmarshalDefinition(readFileSync('/run/config/buildkit/metadata/frontend.bin')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Tells who builds, without failing. */
  async warn(message: string, { place, detail = [], url = '', digest }: WarnOptions = {}): Promise<void> {
    const { file = '', text = '', line = 0, column = 1, end = { line, column } } = place ?? {};
    const range = {
      start: { line, character: column - 1 },
      end: { line: end.line, character: (end.column ?? 1) - 1 },
    };
    await this.#calls.warn({
      ...(digest && { digest }),
      level: 1,
      short: Buffer.from(message),
      detail: detail.map((each) => Buffer.from(each)),
      url,
      ...(place && { info: { filename: file, data: Buffer.from(text), language: '' }, ranges: [range] }),
    });
  }

  /** A container to run processes in while the frontend runs; dispose it when it is done. */
  container(options: ContainerOptions): Promise<FrontendContainer> {
    return openContainer(options, this.#calls, this.#talks);
  }

  /** @internal */
  end(): void {
    this.#talks.end();
  }

  async #solve(request: Parameters<BridgeCalls['solve']>[0]): Promise<Result<Reference>> {
    const { result } = await this.#calls.solve({ ...request, allowResultReturn: true, allowResultArrayRef: true });
    return mapResult(
      readResult(result as ResultMessage, (ref) => ref),
      async (ref) => new Reference(this.#calls, ref),
    );
  }
}
