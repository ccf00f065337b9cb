import { renameSync, statSync, writeFileSync } from 'node:fs';
import { uniqueName } from '../std/temp.ts';
import type { CacheFolder } from './folder.ts';

/** One file that is another one whenever what the cache offers under names is not what it was: one look at it tells. */
export class ChangeMark {
  readonly #file: string;
  #seen: string;
  #onlyOurs = true;

  constructor({ changed }: Pick<CacheFolder, 'changed'>) {
    this.#file = changed;
    this.#seen = this.#look();
  }

  /**
   * Marks a change. Before it, for whoever is killed while it is made; and after it, for those who looked at the file in
   * between.
   */
  mark(): void {
    this.#onlyOurs = this.onlyOurs;
    const temporary = `${this.#file}.${uniqueName()}`;
    writeFileSync(temporary, '', { mode: 0o600 });
    renameSync(temporary, this.#file);
    this.#seen = this.#look();
  }

  /** Whether nobody else changed anything since the cache was opened. */
  get onlyOurs(): boolean {
    return this.#onlyOurs && this.#look() === this.#seen;
  }

  #look(): string {
    const stats = statSync(this.#file, { throwIfNoEntry: false, bigint: true });
    return stats ? `${stats.ino} ${stats.ctimeNs}` : '';
  }
}
