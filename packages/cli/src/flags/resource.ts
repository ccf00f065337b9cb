import { limitOptions, readLimit } from '@monokit/config';
import type { ContainerLimits } from '@monokit/engine/oci/container-limits';
import { Mistake } from '../mistake.ts';
import { assignment } from './assignments.ts';

export { limitOptions };

/** The limits that `--resource` names, as buildx spells them (`memory-swap=-1`), and docker's `cpus`. */
export function limitsOf({ resource }: { readonly resource: readonly string[] }): ContainerLimits {
  return Object.assign({}, ...resource.map(limitOf)) as ContainerLimits;
}

function limitOf(text: string): ContainerLimits {
  const [name, value] = assignment('--resource', text)!;
  try {
    return readLimit(
      name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    );
  } catch (error) {
    if (error instanceof TypeError) throw new Mistake(`--resource ${text}: ${error.message}`);
    throw error;
  }
}
