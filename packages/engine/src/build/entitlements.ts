import type { NetworkMode, SecurityMode } from '../llb/exec.ts';
import type { GraphVertex } from '../llb/graph.ts';
import { Failed } from '../std/failed.ts';
import type { BuildFailure } from './failure.ts';
import type { Parts } from './parts.ts';

/**
 * Refuses what a request does and its caller did not allow: the host's network, containers without a sandbox, devices.
 */
export async function checkEntitlements(
  vertex: GraphVertex,
  granted: readonly string[],
  { deviceFolders }: Pick<Parts, 'deviceFolders'>,
): Promise<void> {
  const { op, name, source } = vertex;
  if (op.kind !== 'exec') return;
  requireEntitlements(op, { who: source ? `${name} (${source.file}:${source.lines[0]})` : name, granted });
  if (op.cdiDevices.length === 0) return;
  const { checkDevices } = await import('./devices.ts');
  await checkDevices(vertex, op, { granted, folders: deviceFolders });
}

/** The same of a process that is no step of a graph. */
export function requireEntitlements(
  { network, security }: { readonly network: NetworkMode; readonly security: SecurityMode },
  { who, granted }: { readonly who: string; readonly granted: readonly string[] },
): void {
  const wanted = [
    ...(network === 'host' ? ['network.host'] : []),
    ...(security === 'insecure' ? ['security.insecure'] : []),
  ];
  for (const entitlement of wanted) {
    if (granted.includes(entitlement)) continue;
    const message = `${who} needs ${entitlement}, which is not allowed: pass --allow ${entitlement}`;
    throw new Failed<BuildFailure>({ kind: 'entitlement-missing', entitlement, message });
  }
}
