import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestOf, type RequestOptions, type ResolvedTarget } from '@monokit/config';
import type { SolveRequest } from '@monokit/engine';
import { openSession } from '@monokit/engine/session';

/** Requests of targets, each with a session of its own that lends what the target names. */
export class Requests {
  readonly #scope: AsyncDisposableStack;
  readonly #options: Omit<RequestOptions, 'scratch'> & { readonly env: NodeJS.ProcessEnv };
  readonly #made = new Map<string, Promise<SolveRequest>>();
  /** The folder of inline Dockerfiles, where there are any. */
  scratch: string | undefined;

  constructor({
    scope,
    ...options
  }: Omit<RequestOptions, 'scratch'> & { readonly scope: AsyncDisposableStack; readonly env: NodeJS.ProcessEnv }) {
    this.#scope = scope;
    this.#options = options;
  }

  of(target: ResolvedTarget): Promise<SolveRequest> {
    let made = this.#made.get(target.id);
    if (!made) this.#made.set(target.id, (made = this.#make(target)));
    return made;
  }

  async #make(target: ResolvedTarget): Promise<SolveRequest> {
    const needsScratch = target.recipe.kind === 'inline-dockerfile';
    const { request, lent } = await requestOf(target, {
      scratch: needsScratch ? this.#folder() : '',
      ...this.#options,
    });
    const session = this.#scope.use(openSession(lent));
    const { source } = request;
    if (source.kind === 'definition') {
      if (!target.noCache) return { ...request, session };
      const images = source.images.map((image) => ({ ...image, definition: uncached(image.definition) }));
      return { ...request, source: { ...source, images }, session };
    }
    // The folders of two images have the same names: their ops must not be equal where one is built from the other.
    const owned = Object.keys(lent.folders ?? {}).map((name) => [`local-sessionid:${name}`, target.id]);
    return { ...request, source: { ...source, options: { ...source.options, ...Object.fromEntries(owned) } }, session };
  }

  #folder(): string {
    if (this.scratch === undefined) {
      const made = mkdtempSync(join(tmpdir(), 'monokit-'));
      this.#scope.defer(() => rmSync(made, { recursive: true, force: true }));
      this.scratch = made;
    }
    return this.scratch;
  }
}

type DefinitionOf<T> = T extends { readonly kind: 'definition'; readonly images: readonly (infer I)[] } ? I : never;

/** The definition with every op run again. */
function uncached({ ops, metadata, ...rest }: DefinitionOf<SolveRequest['source']>['definition']) {
  const again = [...metadata].map(([digest, each]) => [digest, { ...each, ignoreCache: true }] as const);
  return { ops, metadata: new Map(again), ...rest };
}
