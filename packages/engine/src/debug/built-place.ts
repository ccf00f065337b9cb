// What a build makes, as a place to go into: the image, or the tree after one of its steps. Its steps are brought about
// as a build would, which is nothing where they are cached.

import { solveTree, type WantedDefinition } from '../build/open-graph.ts';
import type { Parts } from '../build/parts.ts';
import type { Defined, DefinedImage } from '../engine.ts';
import type { Definition } from '../llb/definition.ts';
import type { ExecMeta } from '../llb/exec.ts';
import { loadDefinition, type LoadedDefinition } from '../llb/load.ts';
import { marshalTerminal, type Edge, type Vertex } from '../llb/op.ts';
import type { Digest } from '../oci/digest.ts';
import type { Job } from '../session/job.ts';
import type { Place } from './enter.ts';

/** Goes into the image of a request, or of the step that `at` is true for, the last of several. */
export async function builtPlace(
  { request, lenders }: Pick<Defined, 'request' | 'lenders'>,
  { definition, config, platform }: DefinedImage,
  {
    at,
    parts,
    job,
    stack,
  }: {
    readonly at?: (name: string) => boolean;
    readonly parts: Parts;
    readonly job: Job;
    readonly stack: AsyncDisposableStack;
  },
): Promise<Place | undefined> {
  const loaded = loadDefinition(definition);
  const vertex = at && [...(loaded?.vertices.values() ?? [])].findLast(({ name }) => at(name));
  if (at && !vertex) return undefined;
  const head = vertex && loaded && edgeOf(vertex, loaded);
  const wanted: WantedDefinition = {
    definition: head ? headed(definition, head) : definition,
    client: request,
    lenders,
  };
  const tree = stack.use(await solveTree(wanted, parts, job));
  const { Env = [], WorkingDir = '/', User = '' } = config?.config ?? {};
  const process = (vertex && loaded && processNear(vertex, loaded)) ?? { env: Env, cwd: WorkingDir, user: User };
  const meta: ExecMeta = {
    ...{ args: [], env: process.env, cwd: process.cwd, user: process.user, extraHosts: [], hostname: '' },
    ...{ ulimits: [], cgroupParent: '', removeMountStubsRecursive: true, validExitCodes: [] },
  };
  const common = { selector: '', output: -1, readonly: false, contentCache: 'default', resultId: '' } as const;
  return {
    name: vertex?.name ?? request.id,
    op: {
      ...{ meta, platform, network: 'sandbox', security: 'sandbox', secretEnv: [], cdiDevices: [] },
      mounts: [{ kind: 'bind', dest: '/', input: 0, ...common }],
    },
    inputs: [tree],
  };
}

/** The output of a vertex that others read; its first one where none does. */
function edgeOf({ digest }: Vertex, { vertices, head }: LoadedDefinition): Edge {
  const read = [head, ...[...vertices.values()].flatMap(({ op }) => op.inputs)];
  return read.find((edge) => edge.digest === digest) ?? { digest, index: 0 };
}

/** The definition, about another one of its ops. */
function headed({ ops, ...rest }: Definition, edge: Edge): Definition {
  return { ...rest, ops: [...ops.slice(0, -1), marshalTerminal(edge)] };
}

/** Environment, folder and user of a step: its own, or those of the next RUN on top of it, or the one below. */
function processNear(
  { digest, op }: Vertex,
  { vertices }: LoadedDefinition,
): Pick<ExecMeta, 'env' | 'cwd' | 'user'> | undefined {
  if (op.kind === 'exec') return op.meta;
  const isRootOf = (input: Digest) => (vertex: Vertex) =>
    vertex.op.kind === 'exec' &&
    vertex.op.mounts.some(({ dest, input: i }) => dest === '/' && vertex.op.inputs[i]?.digest === input);
  const above = [...vertices.values()].find(isRootOf(digest));
  return above?.op.kind === 'exec' ? above.op.meta : undefined;
}
