import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ImmutableRef } from '../cache/ref.ts';
import { llbBuilder, llbDefinitionInput, type BuildOp } from '../llb/build.ts';
import { unmarshalDefinition } from '../llb/definition.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import type { OpsFailure } from './failure.ts';
import type { Surroundings } from './surroundings.ts';

/** The largest definition that a build op reads: 16 MiB. */
const maxDefinition = 16 << 20;

/** Builds the definition that a file of its input holds. */
export async function runBuild(
  op: BuildOp,
  inputs: readonly ImmutableRef[],
  { job, solveTree }: Surroundings & { readonly job: Job },
): Promise<ImmutableRef> {
  if (op.builder !== llbBuilder) throw refused('a build op can only be built by LLB');
  const index = op.named.get(llbDefinitionInput);
  const input = index === undefined ? undefined : inputs[index];
  if (!input) throw refused(`a build op needs an input named ${llbDefinitionInput}`);
  const name = op.attrs.get('llbbuild.filename') ?? llbDefinitionInput;
  await using mounted = await input.mount(job);
  return solveTree(unmarshalDefinition(read(mounted.path, name)), job);
}

function read(root: string, name: string): Uint8Array {
  const path = realpathSync(join(root, join('/', name)));
  if (!path.startsWith(`${realpathSync(root)}/`)) throw refused(`${name} leads out of the build op's input`);
  const { size } = statSync(path);
  if (size > maxDefinition) throw refused(`${name} has ${size} bytes; a definition has at most ${maxDefinition}`);
  return readFileSync(path);
}

function refused(message: string): Failed<OpsFailure> {
  return new Failed({ kind: 'op-refused', message });
}
