import type { Digest } from '../oci/digest.ts';
import type { MarshalOptions } from './marshal.ts';
import type { DefinitionSource, OpLocation, SourceInfo } from './source-info.ts';
import type { SourceLocation, SourceMap } from './source-map.ts';

/** Collects the places of a definition's ops; equal texts become one. */
export class SourceMaps {
  readonly #maps: SourceMap[] = [];
  readonly #indexes = new Map<SourceMap, number>();
  readonly #locations = new Map<Digest, OpLocation[]>();

  /** Every op is listed, with or without a place, as BuildKit does. */
  add(op: Digest, locations: readonly SourceLocation[]): void {
    let list = this.#locations.get(op);
    if (!list) this.#locations.set(op, (list = []));
    for (const { map, ranges } of locations) list.push({ sourceIndex: this.#index(map), ranges });
  }

  async marshal(options: MarshalOptions): Promise<DefinitionSource> {
    const infos: SourceInfo[] = [];
    for (const { filename, data, language, state } of this.#maps) {
      const definition = await state?.marshal(options);
      infos.push({ filename, data, language, ...(definition && { definition }) });
    }
    return { locations: this.#locations, infos };
  }

  #index(map: SourceMap): number {
    let index = this.#indexes.get(map);
    if (index === undefined) {
      index = this.#maps.findIndex((other) => equal(other, map));
      if (index < 0) index = this.#maps.push(map) - 1;
      this.#indexes.set(map, index);
    }
    return index;
  }
}

function equal(a: SourceMap, b: SourceMap): boolean {
  return a.filename === b.filename && a.language === b.language && Buffer.compare(a.data, b.data) === 0;
}
