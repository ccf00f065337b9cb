import { textOf, type BytePath } from '../../std/byte-path.ts';
import { asDiskFull } from '../../std/disk-full.ts';
import { Failed } from '../../std/failed.ts';
import type { FileFailure } from './failure.ts';

/** Runs work on trees; a system call that fails becomes a failure that names paths inside the trees. */
export async function refusalsIn<T>(roots: readonly BytePath[], work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw refusal(error, roots);
  }
}

function refusal(error: unknown, roots: readonly BytePath[]): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || error instanceof Failed || typeof code !== 'string' || syscall === undefined)
    return error;
  const full = asDiskFull(error, textOf(roots.at(-1)!));
  if (full !== error) return full;
  const message = roots.reduce((text, root) => (root === '' ? text : text.replaceAll(textOf(root), '')), error.message);
  return new Failed<FileFailure>({ kind: 'file-refused', code, message }, { cause: error });
}
