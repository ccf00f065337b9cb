import { hash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { lock, tryLock } from '../std/lock.ts';

/** Lets one at a time work on what a name stands for, in this process and all others that have the cache open. */
export type Claims = (name: string, options: ClaimOptions) => Promise<AsyncDisposable>;

export interface ClaimOptions {
  readonly signal: AbortSignal;
  /** Told once if there is somebody to wait for. */
  readonly waiting?: () => void;
}

/** Claims as kernel locks in `folder`: they die with their owner, and leave no file behind where it lets go. */
export function claimsIn(folder: string): Claims {
  return async (name, options) => {
    const path = join(folder, hash('sha256', name, 'hex').slice(0, 32));
    const held = await lock(path, options);
    return { [Symbol.asyncDispose]: async () => held.remove() };
  };
}

/** Removes the files of claims whose owners died. */
export function sweepClaims(folder: string): void {
  for (const name of readdirSync(folder)) tryLock(join(folder, name))?.remove();
}
