import type { BadPattern } from '../../std/glob.ts';
import type { TooManyLinks } from '../tree.ts';

/** What can be wrong with a question for a content hash. */
export type ContentHashFailure = PathMissing | TooManyLinks | BadPattern;

/** The tree has nothing at `path`. */
export interface PathMissing {
  readonly kind: 'path-missing';
  readonly path: string;
  readonly message: string;
}
