// What a run's images are made of, while it goes on: written down for the next time, and compared with the last.

import type { Digest, FolderContent, ImageKeys, ManifestEntry, RunEvent, SolveRequest } from '@monokit/engine';
import type { RunRecord } from '../runs/record.ts';
import { RunsFolder } from '../runs/runs-folder.ts';
import type { Before, Cause as ShownCause, RunFacts } from '../ui/facts.ts';
import { messageOf } from '../ui/failure.ts';
import { shortName } from '../ui/format.ts';
import { Book, type MadeImage, type MadeRunOf } from './book.ts';
import type { Cause } from './cause.ts';
import { componentsOf, nameOfComponents, short, type Components } from './components.ts';
import type { Differences, differencesOf } from './differences.ts';
import { dependingOn } from './step.ts';
import { keyIn, veilWith, type Veil } from './veil.ts';

export interface RunCausesOptions {
  /** Where the workspace's runs are. */
  readonly path: string;
  /** Paths are told from here. */
  readonly root: string;
  /** The cache folder. */
  readonly cache: string;
  readonly monokit: string;
  readonly requests: readonly Pick<SolveRequest, 'id' | 'source'>[];
  /** Told, once, if nothing can be kept or compared: a run is what it is all the same. */
  warn(message: string): void;
}

/** An image of this run, and the last one of it. */
interface Known {
  readonly made: Omit<MadeImage, 'ok'>;
  readonly last: MadeRunOf | undefined;
  readonly forced: boolean;
  end: Pick<MadeImage, 'ok' | 'digest'>;
}

export class RunCauses {
  readonly #options: RunCausesOptions;
  readonly #book: Book;
  readonly #veil: Veil;
  readonly #asked: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly #images = new Map<string, Known>();
  readonly #ran = new Set<Digest>();
  /** What is not written yet: an image's line is not to wait for the disk. */
  readonly #components = new Map<string, Components>();
  readonly #lists = new Map<string, readonly ManifestEntry[]>();
  #entries = 0;
  /** Loaded once there is something to compare. */
  #compare: typeof differencesOf | undefined;
  #isBroken = false;

  constructor(options: RunCausesOptions) {
    this.#options = options;
    this.#book = new Book(new RunsFolder(options.path));
    this.#veil = veilWith(() => keyIn(this.#book.keyPath));
    this.#asked = new Map(options.requests.map(({ id, source }) => [id, source.options ?? {}]));
  }

  /** What renderers are told of it. */
  get facts(): Pick<RunFacts, 'before' | 'cause' | 'explain' | 'suspects'> {
    return {
      before: (image) => this.#attempt(() => this.#before(image)),
      cause: (image) => this.#attempt(() => this.#cause(image)),
      // The first run of an image has nothing to be compared with.
      explain: (image) => (this.#images.get(image)?.last && !this.#isBroken ? `cli why ${image}` : undefined),
      suspects: (images, step) => this.#attempt(() => this.#suspects(images[0]!, step)),
    };
  }

  /** Takes what an image is made of, before it is told how it ended. */
  async onKeys(image: string, keys: readonly ImageKeys[]): Promise<void> {
    if (this.#isBroken || keys.length === 0) return;
    try {
      await this.#keep(image, keys);
    } catch (error) {
      this.#broken(error);
    }
  }

  report(event: RunEvent): void {
    if (event.kind === 'vertex-started') this.#ran.add(event.vertex);
    if (event.kind === 'task-completed') {
      const known = this.#images.get(event.task);
      const { digest } = event;
      if (known) known.end = { ok: true, ...(digest && { digest }) };
    }
  }

  /** Keeps what the images of a run were made of, beside its record. */
  finish(record: RunRecord | undefined): void {
    if (!record || this.#images.size === 0) return;
    this.#attempt(() => {
      const { monokit, cache } = this.#options;
      this.#write();
      const images = [...this.#images].map(([id, { made, end }]) => [id, { ...made, ...end }] as const);
      this.#book.keepRun(record.id, { version: 1, monokit, cache, images: Object.fromEntries(images) });
      // Its last digit is random.
      if (/[0g]$/.test(record.id)) this.#book.sweep(Date.now());
    });
  }

  async #keep(image: string, keys: readonly ImageKeys[]): Promise<void> {
    const asked = this.#asked.get(image) ?? {};
    const made = nameOfComponents(keys, asked);
    const [last] = this.#book.of(image);
    const forced = keys.some(({ steps }) => steps.some(({ ignoreCache }) => ignoreCache));
    const add = (lists: readonly string[]) =>
      void this.#images.set(image, { made: { made, lists }, last, forced, end: { ok: false } });
    if (last && !(last.image.ok && last.image.made === made)) {
      this.#compare ??= (await import('./differences.ts')).differencesOf;
    }
    if (last?.image.made === made) return add(last.image.lists);
    const reads = keys.flatMap(({ steps }) => steps.flatMap((step) => step.reads));
    const lists = new Map<string, FolderContent>(reads.map((read) => [short(read.name()), read]));
    for (const [name, read] of lists) {
      if (this.#lists.has(name) || this.#book.has(name)) continue;
      const entries = await read.entries();
      if (!entries) continue;
      this.#lists.set(name, entries);
      this.#entries += entries.length;
    }
    if (!this.#book.has(made)) {
      const { root } = this.#options;
      this.#components.set(made, componentsOf(keys, { id: image, asked, root, veil: this.#veil }));
    }
    if (this.#entries > mostEntries) this.#write();
    add([...lists.keys()]);
  }

  #write(): void {
    for (const [name, entries] of this.#lists) this.#book.keepList(name, entries);
    for (const [name, components] of this.#components) this.#book.keep(name, components);
    this.#lists.clear();
    this.#components.clear();
    this.#entries = 0;
  }

  #before(image: string): Before | undefined {
    const { last } = this.#images.get(image) ?? {};
    const { digest } = (last?.image.ok ? last : this.#good(image))?.image ?? {};
    return digest === undefined ? undefined : { digest };
  }

  #cause(image: string): ShownCause | undefined {
    const known = this.#images.get(image);
    if (!known?.last) return undefined;
    // What was given up meanwhile may have had the same: then what counts is what differs from the last that was built.
    const good = known.last.image.ok ? undefined : this.#good(image);
    for (const before of [known.last, ...(good ? [good] : [])]) {
      for (const { causes, steps } of this.#compared(known, before.image)) {
        const shown = causes.find(({ step }) => step === undefined || this.#leadsToWork(step, steps));
        if (shown) return shownCause(shown, steps);
      }
    }
    if (known.forced) return { what: '--no-cache' };
    if (known.last.run.cache !== this.#options.cache) return { what: 'another cache folder' };
    return { what: known.last.image.ok ? 'not in the cache any more' : 'it did not end the last time' };
  }

  /** Whether a step ran, or one that depends on it. */
  #leadsToWork(step: number, steps: Differences['steps']): boolean {
    return dependingOn(step, steps).some((index) => this.#ran.has(steps[index]!.digest as Digest));
  }

  /** What is not as it was when the image was last built well, as far as a step depends on it. */
  #suspects(image: string, digest: Digest | undefined): readonly string[] {
    const known = this.#images.get(image);
    if (!known) return [];
    const good = this.#good(image);
    if (!good) return [];
    const suspects = this.#compared(known, good.image).flatMap(({ causes, steps }) => {
      const failed = steps.findIndex((step) => step.digest === digest);
      return causes.filter(
        ({ step }) => step !== undefined && (failed < 0 || dependingOn(step, steps).includes(failed)),
      );
    });
    return [...new Set(suspects.map(({ what }) => what))];
  }

  /** The last run that built an image well. */
  #good(image: string): MadeRunOf | undefined {
    return this.#book.of(image).find((each) => each.image.ok);
  }

  #compared({ made }: Known, before: MadeImage): readonly Differences[] {
    if (made.made === before.made) return [];
    const [old, now] = [before.made, made.made].map(
      (name) => this.#components.get(name) ?? this.#book.components(name),
    );
    return old && now && this.#compare
      ? this.#compare(old, now, (name) => this.#lists.get(name) ?? this.#book.list(name))
      : [];
  }

  #attempt<T>(work: () => T): T | undefined {
    if (this.#isBroken) return undefined;
    try {
      return work();
    } catch (error) {
      this.#broken(error);
      return undefined;
    }
  }

  #broken(error: unknown): void {
    this.#isBroken = true;
    this.#options.warn(`what this run was made of could not be kept: ${messageOf(error)}`);
  }
}

/** Entries of lists that are held. */
const mostEntries = 100_000;

function shownCause({ what, step }: Cause, steps: Differences['steps']): ShownCause {
  if (step === undefined) return { what };
  const { owner, name } = steps[step]!;
  return { what, step: [owner, shortName(name)].filter((part) => part !== undefined).join(' ') };
}
