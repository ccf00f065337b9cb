import { children, hasChildren } from '../content/children.ts';
import type { DiskStore } from '../content/disk.ts';
import type { Index, Table } from '../index/index.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { layerCompression } from '../oci/media-type.ts';
import { normalised, parseReference } from '../oci/reference.ts';

/** An image that stays here under a name. */
export interface KeptImage {
  /** Normalised: `docker.io/library/app:latest`. */
  readonly name: string;
  /** Its manifest or index, which is in the cache's content. */
  readonly descriptor: Descriptor;
  /** When the name was given, in milliseconds since the epoch. */
  readonly createdAt: number;
}

/** The images that stay in the cache under their names. As long as a name is here, so is all its content. */
export class Images {
  readonly #index: Index;
  readonly #content: DiskStore;
  readonly #onChange: () => void;
  readonly #table: Table<Omit<KeptImage, 'name'>>;

  /** `onChange` is told before a name comes to mean something else, and again afterwards. */
  constructor(index: Index, content: DiskStore, onChange: () => void = () => {}) {
    this.#onChange = onChange;
    this.#index = index;
    this.#content = content;
    this.#table = index.table('images');
  }

  /** Gives an image a name, taking it from the one that had it. All its content is in the store already. */
  async put(name: string, descriptor: Descriptor): Promise<void> {
    const key = normalised(parseReference(name));
    if (this.#content.use(descriptor.digest) === undefined) {
      throw new Error(`the image ${key} cannot be kept: ${descriptor.digest} is not in the store`);
    }
    if (this.#table.get(key)?.descriptor.digest === descriptor.digest) return;
    this.#onChange();
    await this.#index.write(() => this.#table.put(key, { descriptor, createdAt: Date.now() }));
    this.#onChange();
  }

  /** The image of this name; throws a `TypeError` if it is none. */
  get(name: string): KeptImage | undefined {
    const key = normalised(parseReference(name));
    const kept = this.#table.get(key);
    return kept && { name: key, ...kept };
  }

  /** Bytes of its layers as they are stored, each counted once. */
  async size({ descriptor }: Pick<KeptImage, 'descriptor'>): Promise<number> {
    const sizes = new Map<string, number>();
    const visit = async (each: Descriptor): Promise<void> => {
      if (layerCompression(each.mediaType) !== undefined) sizes.set(each.digest, each.size);
      else if (hasChildren(each.mediaType) && this.#content.size(each.digest) !== undefined) {
        for (const child of await children(each, this.#content)) await visit(child);
      }
    };
    await visit(descriptor);
    return sizes.values().reduce((sum, size) => sum + size, 0);
  }

  /** Takes the name away; the content goes at the next prune if nothing else needs it. Says whether there was one. */
  async remove(name: string): Promise<boolean> {
    const key = normalised(parseReference(name));
    this.#onChange();
    const removed = await this.#index.write(() => this.#table.remove(key));
    this.#onChange();
    return removed;
  }

  /** All of them, in the order of their names. */
  *list(): Generator<KeptImage> {
    for (const [name, kept] of this.#table.entries()) yield { name, ...kept };
  }
}
