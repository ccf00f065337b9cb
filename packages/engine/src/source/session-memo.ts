import type { Job } from '../session/job.ts';
import type { Session } from '../session/session.ts';
import { Flight } from '../std/flight.ts';

/** Who shares an answer: those of one session, or all sessions that have the same account. */
export type Sharing = 'session' | 'account';

/** What was found out for somebody, for their later questions; asked once at a time. */
export class SessionMemo<T> {
  readonly #sharing: Sharing;
  readonly #keep: number;
  readonly #groups = new Map<string, Map<string, { readonly answer: T; readonly until: number }>>();
  readonly #flights = new Flight<T>();

  /** `keep` is how long an answer is good, in milliseconds; without it, as long as its session. */
  constructor({ sharing = 'session', keep = Infinity }: { readonly sharing?: Sharing; readonly keep?: number } = {}) {
    this.#sharing = sharing;
    this.#keep = keep;
  }

  /** The answer to an earlier question, or else of `ask`, which joins those who ask the same right now. */
  async get(
    { session, signal }: Pick<Job, 'session' | 'signal'>,
    key: string,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const group = this.#groupOf(session);
    const known = this.#answersOf(group);
    const found = known.get(key);
    if (found && found.until > Date.now()) return found.answer;
    const answer = await this.#flights.run(`${group} ${key}`, { signal }, ask);
    known.set(key, { answer, until: Date.now() + this.#keep });
    return answer;
  }

  forget(session: Session, key: string): void {
    this.#groups.get(this.#groupOf(session))?.delete(key);
  }

  #groupOf({ id, account }: Session): string {
    return this.#sharing === 'account' ? (account ?? id) : id;
  }

  #answersOf(group: string): Map<string, { readonly answer: T; readonly until: number }> {
    let known = this.#groups.get(group);
    if (!known) {
      // Sessions don't say when they end; the oldest ones have.
      if (this.#groups.size === 100) this.#groups.delete(this.#groups.keys().next().value!);
      this.#groups.set(group, (known = new Map()));
    }
    return known;
  }
}
