import type { LocalFolder, Session } from '../session/session.ts';

/** Folders under names that are equal for equal folders, whoever lends them. */
export class CanonicalFolders {
  readonly #folders = new Map<string, LocalFolder>();

  /** The canonical name of what `session` lends as `name`; undefined if it lends nothing of that name. */
  nameOf(session: Session, name: string): string | undefined {
    const folder = session.folder(name);
    if (!folder) return undefined;
    const canonical = folder.modes ? `${folder.root}?modes=${folder.modes}` : folder.root;
    this.#folders.set(canonical, folder);
    return canonical;
  }

  /** The session as the global graph sees it: the same secrets and agents, folders by their canonical names. */
  seenBy(session: Session): Session {
    return {
      id: session.id,
      ...(session.account !== undefined && { account: session.account }),
      folder: (name) => this.#folders.get(name) ?? session.folder(name),
      secret: (id, options) => session.secret(id, options),
      ssh: (id, options) => session.ssh(id, options),
      credentials: (host) => session.credentials(host),
      store: (name) => session.store(name),
    };
  }
}
