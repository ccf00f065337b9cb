import type { ImageResolver, Session } from '@monokit/engine';
import { formatPlatform, hostPlatform } from '@monokit/engine/oci/platform';
import { messageOf } from '../ui/failure.ts';

type Resolve = ImageResolver['resolve'];
type Resolved = Awaited<ReturnType<Resolve>>;

/** A base image, and what is known of it. */
export interface Base {
  readonly name: string;
  readonly platform: string;
  /** `unknown`: asked for, and not found; its environment, user and digest are missing from what is shown. */
  readonly state: 'known' | 'asking' | 'unknown';
  readonly digest?: string;
  readonly why?: string;
}

interface Entry {
  readonly name: string;
  readonly platform: string;
  /** Asks those who may know: a registry, mostly. */
  readonly look: (signal: AbortSignal) => Promise<Resolved>;
  found?: Resolved;
  why?: string;
}

/** How long a registry has to answer, in milliseconds. */
const patience = 15_000;

/**
 * What base images' names mean, remembered while a Dockerfile is edited. What this machine has is known at once. For
 * all else a conversion gets an image without digest and settings, and need not wait: `settle` asks later, once the
 * name stands for a while, so that no registry hears of every letter that is typed.
 */
export class Bases {
  readonly #entries = new Map<string, Promise<Entry>>();
  readonly #asked = new WeakMap<Session, Set<Entry>>();
  /** Changes whenever more is known: what was converted before may be another now. */
  generation = 0;

  readonly resolver =
    (ask: Resolve): Resolve =>
    async (reference, options, job) => {
      const platform = options.platform ?? hostPlatform();
      const key = JSON.stringify([reference, platform, options.mode]);
      let known = this.#entries.get(key);
      if (!known) {
        const look = (signal: AbortSignal) => ask(reference, options, { ...job, signal });
        // What is asked once is not given up with the one who asked first.
        const here = ask(reference, { ...options, here: true }, { ...job, signal: new AbortController().signal });
        known = here.then(
          (found): Entry => ({ name: reference, platform: formatPlatform(platform), look, found }),
          (): Entry => ({ name: reference, platform: formatPlatform(platform), look }), // not on this machine
        );
        this.#entries.set(key, known);
      }
      const entry = await known;
      const asked = this.#asked.get(job.session) ?? new Set();
      this.#asked.set(job.session, asked.add(entry));
      return entry.found ?? { config: unknownConfig(platform) };
    };

  /** The images that a conversion with this session asked for. */
  of(session: Session): readonly Base[] {
    return [...(this.#asked.get(session) ?? [])].map(({ name, platform, found, why }) => ({
      name,
      platform,
      state: found ? 'known' : why === undefined ? 'asking' : 'unknown',
      ...(found?.digest && { digest: found.digest }),
      ...(why !== undefined && { why }),
    }));
  }

  /** Asks for what a conversion did not get; true if that is more than before. */
  async settle(session: Session, signal: AbortSignal): Promise<boolean> {
    const open = [...(this.#asked.get(session) ?? [])].filter(({ found, why }) => !found && why === undefined);
    await Promise.all(
      open.map(async (entry) => {
        const late = AbortSignal.timeout(patience);
        try {
          entry.found = await entry.look(AbortSignal.any([signal, late]));
        } catch (error) {
          if (signal.aborted) throw error;
          entry.why = late.aborted ? 'nobody answered' : messageOf(error);
        }
        this.generation++;
      }),
    );
    return open.length > 0;
  }

  /** Forgets what could not be found, to ask again. */
  async retry(): Promise<void> {
    for (const [key, entry] of this.#entries) if ((await entry).why !== undefined) this.#entries.delete(key);
  }
}

/** Of an image that something is in, though nobody knows what. */
function unknownConfig({ os, architecture }: { readonly os: string; readonly architecture: string }): Uint8Array {
  return Buffer.from(JSON.stringify({ os, architecture, history: [{ comment: 'not looked at' }] }));
}
