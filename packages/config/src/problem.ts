import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { nearest } from '@monokit/engine/std/nearest';
import type { Place } from './bake/definition.ts';
import type { KeyPath } from './place.ts';

/** A mistake in a configuration before anybody looked for its place. */
export interface Problem {
  /** `config/…`; stable. */
  readonly code: string;
  /** The key it is about; `undefined` for what is not in the configuration (a `--set`, a folder). */
  readonly path?: KeyPath;
  /** Where it was written, if not in the configuration: in a bake or compose file. */
  readonly place?: Place;
  readonly message: string;
  readonly hint?: string;
  readonly severity?: Diagnostic['severity'];
}

/** `did you mean "x"?`, or nothing. */
export function suggestion(word: string, candidates: Iterable<string>): { readonly hint?: string } {
  const meant = nearest(word, candidates);
  return meant === undefined ? {} : { hint: `did you mean ${JSON.stringify(meant)}?` };
}

/** `images.api.tags[0]`, as people say it. */
export function spoken(path: KeyPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const plain = /^[\w$-]+$/.test(part);
      return plain ? `${index > 0 ? '.' : ''}${part}` : `[${JSON.stringify(part)}]`;
    })
    .join('');
}
