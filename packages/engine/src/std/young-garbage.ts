import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Frees what was allocated lately and is used no more. V8 hardly counts bytes outside its heap: of a stream's pieces it
 * would let 64 MB gather in each thread. Takes a millisecond, so call it every some megabytes.
 */
export function collectYoungGarbage(): void {
  collect ??= exposed();
  collect({ type: 'minor' });
}

type Collect = (options: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;

/** V8 gives its collector to contexts that are made after the flag was set. */
function exposed(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
