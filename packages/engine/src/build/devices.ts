import { Devices } from '../cdi/devices.ts';
import type { ExecOp } from '../llb/exec.ts';
import type { GraphVertex } from '../llb/graph.ts';
import { Failed } from '../std/failed.ts';
import type { BuildFailure } from './failure.ts';

/**
 * Refuses devices that are not there, and those that neither the caller nor the machine's owner allowed. `device` grants
 * all, `device=name` what that names.
 */
export async function checkDevices(
  { name, source }: Pick<GraphVertex, 'name' | 'source'>,
  { cdiDevices }: Pick<ExecOp, 'cdiDevices'>,
  { granted, folders }: { readonly granted: readonly string[]; readonly folders: readonly string[] | undefined },
): Promise<void> {
  const known = await Devices.read(folders);
  const place = source ? ` (${source.file}:${source.lines[0]})` : '';
  let wanted: readonly string[];
  try {
    wanted = known.find(cdiDevices);
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    throw new Failed({ ...error.failure, message: `${name}${place}: ${error.message}` }, { cause: error });
  }
  if (granted.includes('device')) return;
  const names = granted.flatMap((each) => (each.startsWith('device=') ? [each.slice('device='.length)] : []));
  const allowed = new Set(known.find(names.map((each) => ({ name: each, optional: false }))));
  const refused = wanted.filter((each) => !allowed.has(each) && !known.isOpen(each));
  if (refused.length === 0) return;
  const flags = refused.map((each) => `--allow device=${each}`).join(' ');
  const message = `${name}${place} needs the device ${refused.join(', ')}, which is not allowed: pass ${flags}`;
  throw new Failed<BuildFailure>({ kind: 'entitlement-missing', entitlement: `device=${refused[0]}`, message });
}
