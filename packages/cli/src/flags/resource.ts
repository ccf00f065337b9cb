import { limitOptions, readLimit, type Limits } from '@monokit/config';
import { assignment } from './assignments.ts';
import { Mistake } from '../mistake.ts';

export { limitOptions };

/** The limits that `--resource` names, as buildx spells them (`memory-swap=-1`), and docker's `cpus`. */
export function limitsOf({ resource }: { readonly resource: readonly string[] }): Limits {
  return Object.assign({}, ...resource.map(limitOf)) as Limits;
}

function limitOf(text: string): Limits {
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
