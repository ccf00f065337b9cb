import { digestOf, type Digest } from '../oci/digest.ts';
import { Failed } from '../std/failed.ts';
import { llbCapabilities } from './capabilities.ts';
import type { Definition } from './definition.ts';
import { validateExec } from './exec.ts';
import type { LlbFailure } from './failure.ts';
import { validateFile } from './file.ts';
import { invalid } from './invalid.ts';
import type { OpMetadata } from './metadata.ts';
import { opName } from './name.ts';
import { unmarshalOp, type Edge, type Op, type Terminal, type Vertex } from './op.ts';
import { validatePassthrough } from './passthrough.ts';

/** A definition that was read and checked. */
export interface LoadedDefinition {
  /** Everything that the head needs, by digest, inputs before what reads them. */
  readonly vertices: ReadonlyMap<Digest, Vertex>;
  /** What the definition is about. */
  readonly head: Edge;
}

/**
 * Reads and checks the ops of a definition, whoever made it. Undefined for the definition of scratch, which has none.
 * Throws `Failed` with kind `llb-invalid`, or `llb-unsupported` for what `capabilities` lacks.
 */
export function loadDefinition(
  definition: Definition,
  { capabilities = llbCapabilities }: { readonly capabilities?: ReadonlySet<string> } = {},
): LoadedDefinition | undefined {
  if (definition.ops.length === 0) return undefined;
  const ops = new Map<Digest, Op>();
  let terminal: Terminal | undefined;
  let terminalDigest: Digest | undefined;
  definition.ops.forEach((bytes, i) => {
    const last = i === definition.ops.length - 1;
    const digest = digestOf(bytes);
    const op = unmarshalOp(bytes);
    if (last && op.kind === 'terminal') [terminal, terminalDigest] = [op, digest];
    else if (last) throw invalid('the last op of a definition has to name what the definition is about', digest);
    else if (op.kind === 'terminal') throw invalid('an op without an operation', digest);
    else ops.set(digest, op);
  });
  if (ops.size === 0) throw invalid('a definition needs an op beside the one that says what it is about');
  const head = terminal!.inputs[0];
  if (!head) throw invalid('the definition does not say which op it is about');
  requireCapabilities(terminalDigest!, definition.metadata.get(terminalDigest!), capabilities);
  const vertices = new Map<Digest, Vertex>();
  for (const digest of inOrder(head.digest, ops)) {
    const op = ops.get(digest)!;
    const metadata = definition.metadata.get(digest) ?? noMetadata;
    requireCapabilities(digest, metadata, capabilities);
    validate(op, digest);
    const name = metadata.description?.['llb.customname'] ?? opName(op, (input) => vertices.get(input)!.name);
    vertices.set(digest, { digest, op, metadata, name });
  }
  return { vertices, head };
}

const noMetadata: OpMetadata = { capabilities: new Set() };

/** The digests that `head` needs and its own, inputs first. */
function* inOrder(head: Digest, ops: ReadonlyMap<Digest, Op>): Generator<Digest> {
  const done = new Set<Digest>();
  const path: { readonly digest: Digest; readonly op: Op; next: number }[] = [];
  const enter = (digest: Digest, from?: Digest) => {
    const op = ops.get(digest);
    if (!op) throw invalid(`the definition lacks the op ${JSON.stringify(digest.slice(0, 100))}`, from);
    path.push({ digest, op, next: 0 });
  };
  enter(head);
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const input = top.op.inputs[top.next++];
    if (input) {
      if (!done.has(input.digest)) enter(input.digest, top.digest);
    } else {
      path.pop();
      if (!done.has(top.digest)) yield top.digest;
      done.add(top.digest);
    }
  }
}

function requireCapabilities(op: Digest, metadata: OpMetadata | undefined, known: ReadonlySet<string>): void {
  for (const capability of metadata?.capabilities ?? []) {
    if (known.has(capability)) continue;
    const message = `the definition asks for ${JSON.stringify(capability)}, which this engine does not know`;
    throw new Failed<LlbFailure>({ kind: 'llb-unsupported', message, capability, op });
  }
}

function validate(op: Op, digest: Digest): void {
  const known = (index: number, what: string) => {
    if (index < -1 || index >= op.inputs.length) throw invalid(`${what} of an ${op.kind} op is input ${index}`, digest);
  };
  switch (op.kind) {
    case 'source':
      return;
    case 'exec':
      validateExec(op);
      for (const { kind, input, dest } of op.mounts) {
        // The others have no input, whatever the field says.
        if (kind === 'bind' || kind === 'cache') known(input, `the mount at ${dest}`);
      }
      return;
    case 'file':
      return validateFile(op);
    case 'merge':
      for (const layer of op.layers) known(layer, 'a layer');
      return;
    case 'diff':
      known(op.lower, 'the lower side');
      return known(op.upper, 'the upper side');
    case 'build':
      for (const [name, index] of op.named) known(index, name);
      return;
    case 'passthrough':
      return validatePassthrough(op);
  }
}
