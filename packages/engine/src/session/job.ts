import type { Work } from '../progress/work.ts';
import type { Session } from './session.ts';

/** One build's surroundings: its signal, where it tells, and what its client lends. */
export interface Job extends Work {
  readonly session: Session;
}
