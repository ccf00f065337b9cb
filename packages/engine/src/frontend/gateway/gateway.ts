/*
 * The frontend `gateway.v0`: runs the image that the option `source` names, and answers what it asks.
 *
 * The frontend's process speaks gRPC on its stdin and stdout (llb-bridge.ts says what). What it solves are definitions:
 * they are brought about only if it looks at them, and what it gives in the end joins the build's graph like the
 * definitions of any frontend. What is not a frontend's to decide (entitlements, sizes of messages) is checked in
 * service.ts and behind the bridge. `client.ts` is the other side.
 */

import { duplexPair } from 'node:stream';
import { marshalDefinition, type Definition } from '../../llb/definition.ts';
import { digestOf } from '../../oci/digest.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import type { Work } from '../../progress/work.ts';
import { served, serveRpc } from '../../rpc/server.ts';
import { Failed } from '../../std/failed.ts';
import { parseGoBool } from '../../std/go-bool.ts';
import { uniqueName } from '../../std/temp.ts';
import type { Frontend, FrontendResult } from '../frontend.ts';
import type { ProgramBridge } from '../program-bridge.ts';
import type { GatewayFailure } from './failure.ts';
import { findFrontend } from './image.ts';
import { findInputs } from './inputs.ts';
import { judge } from './judge.ts';
import { health, llbBridge } from './llb-bridge.ts';
import { capabilityNames, frontendProcess } from './process.ts';
import { BridgeService } from './service.ts';
import { Tail } from './tail.ts';

type Options = Readonly<Record<string, string>>;

export const gateway: Frontend = {
  async solve(options, bridge, work) {
    const { source } = options;
    if (!source) {
      const message = 'no source specified for gateway: the option source names the image of a frontend';
      throw new Failed<GatewayFailure>({ kind: 'gateway-option', option: 'source', message });
    }
    const image = await findFrontend(source, options, { bridge, signal: work.signal });
    if (image.kind === 'built-in') {
      const { source: _, ...rest } = options;
      return bridge.forward('dockerfile.v0', { cmdline: source, ...rest });
    }
    const inputs = await findInputs(options, bridge);
    requireCapabilities(source, image, { options, inputs: inputs.definitions.size > 0 });
    return runFrontend(source, image, { options: inputs.options, inputs: inputs.definitions, bridge, work });
  },
};

interface Found {
  readonly definition: Definition;
  readonly config: Partial<ImageConfig>;
}

/** What the image's label says that it can has to be all that is asked of it. */
function requireCapabilities(
  source: string,
  { config }: Found,
  { options, inputs }: { readonly options: Options; readonly inputs: boolean },
): void {
  const has = capabilityNames(config.config?.Labels?.['moby.buildkit.frontend.caps']);
  const wanted = [...capabilityNames(options['frontend.caps']), ...(inputs ? ['moby.buildkit.frontend.inputs'] : [])];
  const capability = wanted.find((each) => !has.has(each));
  if (capability === undefined) return;
  const message = `unsupported frontend capability ${capability}: ${source} does not name it in its label moby.buildkit.frontend.caps`;
  throw new Failed<GatewayFailure>({ kind: 'frontend-capability', capability, message });
}

interface Run {
  readonly options: Options;
  readonly inputs: ReadonlyMap<string, Definition>;
  readonly bridge: ProgramBridge;
  readonly work: Work;
}

/** Runs the frontend to its end, shown as a vertex of its own, whose log is what it writes to stderr. */
async function runFrontend(source: string, image: Found, run: Run): Promise<FrontendResult> {
  const { work } = run;
  const vertex = digestOf(`frontend ${source} ${uniqueName()}`);
  const report = (kind: 'vertex-started' | 'vertex-completed') => work.report({ kind, vertex, at: Date.now() });
  work.report({ kind: 'vertex-known', vertex, at: Date.now(), name: `[frontend] ${source}`, inputs: [] });
  try {
    const result = await talk(source, image, run, {
      started: () => report('vertex-started'),
      stderr: (data) => work.report({ kind: 'log', vertex, at: Date.now(), stream: 'stderr', data }),
    });
    report('vertex-completed');
    return result;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    work.report({ kind: 'vertex-failed', vertex, at: Date.now(), message });
    throw error;
  }
}

async function talk(
  source: string,
  { definition, config }: Found,
  { options, inputs, bridge, work }: Run,
  { started, stderr }: { readonly started: () => void; readonly stderr: (data: Uint8Array) => void },
): Promise<FrontendResult> {
  const offline = parseGoBool(config.config?.Labels?.['moby.buildkit.frontend.network.none'] ?? '') === true;
  // One that has a network may give what no file of this machine tells.
  if (!offline) bridge.looksElsewhere();
  await using stack = new AsyncDisposableStack();
  const tree = stack.use(await bridge.solve(definition));
  const container = stack.use(
    await bridge.openContainer({
      name: `frontend ${source}`,
      mounts: [{ mount: root, tree }],
      files: { '/run/config/buildkit/metadata/frontend.bin': marshalDefinition(definition) },
      network: offline ? 'none' : 'sandbox',
      hostname: '',
      extraHosts: [],
    }),
  );
  const service = stack.use(new BridgeService({ bridge, inputs, work }));
  const [near, far] = duplexPair();
  const healthy = served(health, { check: async () => ({ status: 'serving' as const }) });
  const server = stack.use(serveRpc(near, [served(llbBridge, service.handlers), healthy]));
  const mute = new AbortController();
  const said = new Tail();
  started();
  const process = await container.start(
    frontendProcess(config as ImageConfig, { options, sessionId: bridge.sessionId }),
    {
      signal: AbortSignal.any([work.signal, mute.signal]),
      stdin: far,
      stdout: (data) => far.write(data),
      stderr: (data) => {
        said.push(data);
        stderr(data);
      },
    },
  );
  const speechless = new Error('it wrote something to its stdout that is no gRPC, or closed it');
  void server.closed.then(() => !service.given && mute.abort(speechless));
  const ending = await process.ended.then(
    () => undefined,
    (error: unknown) => error,
  );
  far.end();
  work.signal.throwIfAborted();
  return judge(service, { source, options, ending, said: said.text });
}

const root = {
  kind: 'bind',
  dest: '/',
  input: 0,
  output: -1,
  selector: '',
  readonly: false,
  contentCache: 'default',
  resultId: '',
} as const;
