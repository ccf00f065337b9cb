import type { GraphVertex } from '../llb/graph.ts';
import { Failed } from '../std/failed.ts';
import type { BuildFailure } from './failure.ts';

/** Refuses what a request does and its caller did not allow: the host's network, containers without a sandbox. */
export function checkEntitlements({ op, name, source }: GraphVertex, granted: readonly string[]): void {
  if (op.kind !== 'exec') return;
  const wanted = [
    ...(op.network === 'host' ? ['network.host'] : []),
    ...(op.security === 'insecure' ? ['security.insecure'] : []),
  ];
  for (const entitlement of wanted) {
    if (granted.includes(entitlement)) continue;
    const place = source ? ` (${source.file}:${source.lines[0]})` : '';
    const message = `${name}${place} needs ${entitlement}, which is not allowed: pass --allow ${entitlement}`;
    throw new Failed<BuildFailure>({ kind: 'entitlement-missing', entitlement, message });
  }
}
