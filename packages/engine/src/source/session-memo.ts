import { Flight } from '../std/flight.ts';

/** What was found out in a session, for the session's later questions; asked once at a time. */
export class SessionMemo<T> {
  readonly #sessions = new Map<string, Map<string, T>>();
  readonly #flights = new Flight<T>();

  /** The answer of this session's earlier question, or else of `ask`, which joins those who ask the same right now. */
  async get(
    { id }: { readonly id: string },
    key: string,
    work: { readonly signal: AbortSignal },
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const known = this.#of(id);
    const found = known.get(key);
    if (found !== undefined) return found;
    const answer = await this.#flights.run(`${id} ${key}`, work, ask);
    known.set(key, answer);
    return answer;
  }

  forget({ id }: { readonly id: string }, key: string): void {
    this.#sessions.get(id)?.delete(key);
  }

  #of(id: string): Map<string, T> {
    let known = this.#sessions.get(id);
    if (!known) {
      // Sessions don't say when they end; the oldest ones have.
      if (this.#sessions.size === 100) this.#sessions.delete(this.#sessions.keys().next().value!);
      this.#sessions.set(id, (known = new Map()));
    }
    return known;
  }
}
