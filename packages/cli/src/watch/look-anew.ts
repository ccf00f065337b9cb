import type { Defined, Offer, SolveRequest, Task } from '@monokit/engine';

type Session = SolveRequest['session'];
type Folder = NonNullable<ReturnType<Session['folder']>>;

/**
 * Tasks and offers whose folders are looked at anew. An engine walks a folder once for all that hold a tree of it, and a
 * build that newer changes took the place of may hold one for a long while, as it was before them.
 */
export class LookAnew {
  readonly #folders = new Map<Folder, Folder>();
  readonly #sessions = new Map<Session, Session>();

  task(task: Task): Task {
    return { ...task, request: this.#request(task.request) };
  }

  offer(offer: Offer): Offer {
    return { ...offer, request: async () => this.#request(await offer.request()) };
  }

  defined(defined: Defined): Defined {
    const { lenders } = defined;
    const request = this.#request(defined.request);
    if (!lenders) return { ...defined, request };
    return {
      ...defined,
      request,
      lenders: new Map([...lenders].map(([digest, each]) => [digest, this.#request(each)])),
    };
  }

  #request(request: SolveRequest): SolveRequest {
    return { ...request, session: this.#session(request.session) };
  }

  #session(session: Session): Session {
    let anew = this.#sessions.get(session);
    if (!anew) {
      anew = {
        id: session.id,
        ...(session.account !== undefined && { account: session.account }),
        folder: (name) => this.#folder(session.folder(name)),
        secret: (...asked) => session.secret(...asked),
        ssh: (...asked) => session.ssh(...asked),
        credentials: (...asked) => session.credentials(...asked),
        store: (...asked) => session.store(...asked),
      };
      this.#sessions.set(session, anew);
    }
    return anew;
  }

  #folder(folder: Folder | undefined): Folder | undefined {
    if (!folder) return undefined;
    let anew = this.#folders.get(folder);
    if (!anew) this.#folders.set(folder, (anew = { ...folder }));
    return anew;
  }
}
