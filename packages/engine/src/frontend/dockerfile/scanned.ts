import type { Definition } from '../../llb/definition.ts';
import { parseGoBool } from '../../std/go-bool.ts';
import type { Surroundings } from './context.ts';
import type { Stage } from './stage.ts';
import type { Stages } from './stages.ts';

/** What an SBOM tells of beside the target, as `BUILDKIT_SBOM_SCAN_CONTEXT` and `BUILDKIT_SBOM_SCAN_STAGE` ask for it. */
export async function scannedBeside(
  target: Stage,
  stages: Stages,
  { uniqueId }: Pick<Surroundings, 'uniqueId'>,
): Promise<ReadonlyMap<string, Definition>> {
  const { buildContext, targetPlatform } = target.conversion;
  const needed = stages.reachable([target]);
  const others = stages.listed.filter(
    (stage) => stage !== target && needed.has(stage) && asks(stage, 'BUILDKIT_SBOM_SCAN_STAGE'),
  );
  const states = [
    ...(asks(target, 'BUILDKIT_SBOM_SCAN_CONTEXT') ? [['context', buildContext] as const] : []),
    ...others.map((stage) => [stage.name, stage.state] as const),
  ];
  const scanned = states.map(async ([name, state]) => {
    return [name, await state.marshal({ platform: targetPlatform, localUniqueId: uniqueId })] as const;
  });
  return new Map(await Promise.all(scanned));
}

/** A boolean, or the names of stages. */
function asks(stage: Stage, name: string): boolean {
  const value = stage.argument(name);
  if (value === undefined) return false;
  return parseGoBool(value) ?? value.split(',').includes(stage.name);
}
