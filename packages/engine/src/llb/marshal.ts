import { randomBytes } from 'node:crypto';
import { digestOf, type Digest } from '../oci/digest.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';
import { terminalCapabilities } from './capabilities.ts';
import { metadataOf, type Constraints } from './constraints.ts';
import type { Definition } from './definition.ts';
import { invalid } from './invalid.ts';
import { mergeMetadata, type OpMetadata } from './metadata.ts';
import type { Making, Node, Output } from './node.ts';
import { marshalOp, marshalTerminal, type Edge } from './op.ts';
import { PendingSettings, type SettingsChain } from './settings.ts';
import type { SourceLocation } from './source-map.ts';
import { SourceMaps } from './source-maps.ts';
import type { State } from './state.ts';

/** What a graph is marshalled for. The constraints hold for every vertex that says nothing else. */
export interface MarshalOptions extends Constraints {
  /** What an image without a platform of its own is for; the machine's own if left out. */
  readonly platform?: Platform | undefined;
  /** Names the folders that come without a session. Random if left out, so no two definitions are then equal. */
  readonly localUniqueId?: string | undefined;
  /** What the engine that will run it understands; undefined if that is not known. */
  readonly capabilities?: ReadonlySet<string> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The graph behind a state as a definition. Asynchronous only because a state may be decided late. */
export async function marshal(state: State, options: MarshalOptions): Promise<Definition> {
  const run = new Marshalling(options);
  const output = await run.settle(state.output);
  if (!output) return { ops: [], metadata: new Map() };
  await run.visit(output.node);
  const edge = run.making.edge(output)!;
  const terminal = marshalTerminal(edge);
  const metadata = new Map(run.metadata);
  const capabilities = new Set(terminalCapabilities(run.metadata.values()));
  const terminalDigest = digestOf(terminal);
  metadata.set(terminalDigest, mergeMetadata(metadata.get(terminalDigest), { capabilities }));
  const source = await run.sources.marshal(options);
  return { ops: [...run.ops.values(), terminal], metadata, source };
}

/** A node under certain options. */
interface Marshalled {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly metadata: OpMetadata | undefined;
  readonly locations: readonly SourceLocation[];
}

type NodeOutput = Output & { readonly kind: 'node' };

/** What each node became last, and under which options: the definitions of many targets share most of their nodes. */
const remembered = new WeakMap<Node, { readonly key: string; readonly marshalled: Marshalled }>();

class Marshalling {
  readonly ops = new Map<Digest, Uint8Array>();
  readonly metadata = new Map<Digest, OpMetadata>();
  readonly sources = new SourceMaps();
  readonly making: Making;
  readonly #done = new Map<Node, Marshalled>();
  readonly #defaults: OpMetadata;
  readonly #key: string;

  constructor(options: MarshalOptions) {
    this.making = {
      platform: options.platform ?? hostPlatform(),
      signal: options.signal,
      edge: (output) => this.#edge(output),
      workers: options.workers ?? [],
      localUniqueId: options.localUniqueId ?? randomBytes(16).toString('hex'),
      capabilities: options.capabilities,
    };
    this.#defaults = metadataOf(options, []);
    this.#key = JSON.stringify([
      this.making.platform,
      this.making.workers,
      this.making.localUniqueId,
      options.capabilities ? [...options.capabilities].sort() : null,
      { ...this.#defaults, capabilities: [] },
    ]);
  }

  /** The output behind those that are decided late, deciding what is not yet decided. */
  async settle(output: Output | undefined): Promise<NodeOutput | undefined> {
    while (output?.kind === 'later') output = (await output.later.settle(this.making)).output;
    return output;
  }

  /** Marshals a node after all that it needs, in BuildKit's order: depth first, inputs as the node lists them. */
  async visit(root: Node): Promise<void> {
    const open = new Set<Node>();
    const path: { readonly node: Node; next: number }[] = [];
    let entered: Node | undefined = root;
    for (;;) {
      if (entered && !this.#done.has(entered)) {
        if (open.has(entered)) throw invalid('a state that is decided late builds on itself');
        open.add(entered);
        path.push({ node: entered, next: 0 });
      }
      const top = path.at(-1);
      if (!top) return;
      const input = top.node.inputs[top.next++];
      if (input) {
        entered = input.kind === 'node' ? input.node : (await this.settle(input))?.node;
        continue;
      }
      for (const chain of top.node.chains) if (chain instanceof PendingSettings) await this.#settleChain(chain);
      this.#finish(top.node);
      open.delete(top.node);
      path.pop();
      entered = undefined;
    }
  }

  async #settleChain(chain: SettingsChain): Promise<void> {
    while (chain instanceof PendingSettings) ({ chain } = await chain.later.settle(this.making));
  }

  #finish(node: Node): void {
    const known = remembered.get(node);
    const marshalled = known?.key === this.#key ? known.marshalled : this.#marshal(node);
    if (known?.key !== this.#key) remembered.set(node, { key: this.#key, marshalled });
    const { digest, bytes, metadata, locations } = marshalled;
    this.#done.set(node, marshalled);
    if (metadata) this.metadata.set(digest, mergeMetadata(this.metadata.get(digest), metadata));
    this.sources.add(digest, locations);
    if (!this.ops.has(digest)) this.ops.set(digest, bytes);
  }

  #marshal(node: Node): Marshalled {
    const made = node.make(this.making);
    if (made.kind === 'marshalled') return made;
    const { location } = node.constraints;
    return {
      ...marshalOp(made.op),
      metadata: mergeMetadata(this.#defaults, metadataOf(node.constraints, made.capabilities)),
      locations: location === undefined ? [] : isLocation(location) ? [location] : location,
    };
  }

  #edge(output: Output | undefined): Edge | undefined {
    while (output?.kind === 'later') ({ output } = output.later.settled(this.making));
    if (!output) return undefined;
    return { digest: this.#done.get(output.node)!.digest, index: output.index };
  }
}

function isLocation(location: SourceLocation | readonly SourceLocation[]): location is SourceLocation {
  return 'ranges' in location;
}
