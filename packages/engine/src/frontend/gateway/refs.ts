import { randomBytes } from 'node:crypto';
import type { Definition } from '../../llb/definition.ts';
import { rpcFailed } from '../../rpc/status.ts';
import type { ProgramBridge, SolvedTree } from '../program-bridge.ts';
import type { RefMessage } from './messages/result.ts';

/** What was solved for one frontend, by ids that it is told. Nothing is brought about before somebody looks at it. */
export class Refs implements AsyncDisposable {
  readonly #bridge: Pick<ProgramBridge, 'solve'>;
  readonly #refs = new Map<string, { readonly definition: Definition; tree?: Promise<SolvedTree> }>();

  constructor(bridge: Pick<ProgramBridge, 'solve'>) {
    this.#bridge = bridge;
  }

  add(definition: Definition): RefMessage {
    const id = randomBytes(12).toString('hex');
    this.#refs.set(id, { definition });
    return { id, definition };
  }

  definition(id: string): Definition {
    return this.#of(id).definition;
  }

  /** The tree; stays this collection's. */
  tree(id: string): Promise<SolvedTree> {
    const ref = this.#of(id);
    return (ref.tree ??= this.#bridge.solve(ref.definition));
  }

  #of(id: string) {
    const ref = this.#refs.get(id);
    if (ref) return ref;
    throw rpcFailed('unknown', id === '' ? 'an empty ref has nothing to look at' : `no such ref: ${id}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using held = new AsyncDisposableStack();
    for (const [tree] of await Promise.all([...this.#refs.values()].map((ref) => Promise.allSettled([ref.tree])))) {
      if (tree.status === 'fulfilled' && tree.value) held.use(tree.value);
    }
  }
}
