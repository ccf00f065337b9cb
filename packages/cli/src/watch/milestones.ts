// What containers wait for before they start for the first time: that others have started, or have done their work.

import type { Dependency } from '@monokit/config';

export type Milestone = Dependency['until'];

export class Milestones {
  readonly #reached = new Map<string, PromiseWithResolvers<void>>();

  reach(image: string, milestone: Milestone): void {
    this.#of(image, milestone).resolve();
  }

  /** Resolves when all are reached; rejects with `signal.reason`. `waiting` is told once of those that aren't yet. */
  async wait(
    wanted: readonly Dependency[],
    { signal, waiting }: { readonly signal: AbortSignal; readonly waiting: (open: readonly string[]) => void },
  ): Promise<void> {
    const open = new Set(wanted.map(({ id }) => id));
    const all = Promise.all(wanted.map(({ id, until }) => this.#of(id, until).promise.then(() => open.delete(id))));
    // Those that are reached already say so first.
    await Promise.race([all, new Promise((resolve) => void setImmediate(resolve))]);
    if (open.size > 0) waiting([...open]);
    const { promise: over, reject } = Promise.withResolvers<never>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([all, over]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #of(image: string, milestone: Milestone): PromiseWithResolvers<void> {
    const key = `${image}\0${milestone}`;
    let found = this.#reached.get(key);
    if (!found) this.#reached.set(key, (found = Promise.withResolvers()));
    return found;
  }
}

/** Images that wait for each other in a circle, if there is one: the first of them last, too. */
export function circleIn(dependencies: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (id: string, above: readonly string[]): readonly string[] | undefined => {
    if (above.includes(id)) return [...above.slice(above.indexOf(id)), id];
    if (done.has(id)) return undefined;
    for (const next of dependencies.get(id) ?? []) {
      const found = visit(next, [...above, id]);
      if (found) return found;
    }
    done.add(id);
    return undefined;
  };
  for (const id of dependencies.keys()) {
    const found = visit(id, []);
    if (found) return found;
  }
  return undefined;
}
