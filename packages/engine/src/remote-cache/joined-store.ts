import type { Cache } from '../cache/api.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import type { Work } from '../progress/work.ts';
import { derivedKey, rootKey, type KeyedDep, type KeyId } from '../solver/cache-key.ts';
import type { CacheStore, KeyQuestion, PartialQuestion } from '../solver/cache-store.ts';
import type { ImportedRecord, ImportedResult } from './imported.ts';

/** A cache from elsewhere: its records without inputs, by digest. */
export type ImportedCache = ReadonlyMap<Digest, ImportedRecord>;

/** An imported cache whose layers can be read as long as it is not disposed. */
export interface OpenedCache extends AsyncDisposable {
  readonly caches: readonly ImportedCache[];
}

export interface JoinedStoreOptions {
  readonly own: CacheStore<ImmutableRef>;
  /** Called once something is not found here, and not before; caches are there as soon as theirs arrives. None fails. */
  readonly imports: () => readonly Promise<readonly ImportedCache[]>[];
  readonly cache: Cache;
  readonly work: Work;
}

/**
 * The store of this machine, and behind it imported records. What a question finds among those is known from then on
 * under a key of our own, the one that the work would be kept under here, so that what follows from it does not depend on
 * where it came from. A result that is taken is kept here as if it had been made here.
 */
export function joinedStore({ own, imports, cache, work }: JoinedStoreOptions): CacheStore<ImmutableRef> {
  const found = new Map<KeyId, Found>();
  const lost = new Set<ImportedResult>();
  const linked = new Set<KeyId>();
  /** In the order in which they were asked for. */
  const caches: (readonly ImportedCache[])[] = [];
  let pending: Set<Promise<void>> | undefined;
  const unmatched: (() => void)[] = [];

  const open = (): Set<Promise<void>> => {
    if (pending) return pending;
    const opened = (pending = new Set<Promise<void>>());
    for (const [i, cache] of imports().entries()) {
      const arrived = cache.then((found) => {
        caches[i] = found;
        opened.delete(arrived);
        for (const match of unmatched) match();
      });
      arrived.catch(() => undefined); // whoever needs it awaits it
      opened.add(arrived);
    }
    return opened;
  };

  /** Asks what has arrived, and again with each cache that arrives, until there is an answer or nothing more to come. */
  const firstOf = async <T>(ask: () => T | undefined): Promise<T | undefined> => {
    const coming = open();
    for (;;) {
      const answer = ask();
      if (answer !== undefined || coming.size === 0) return answer;
      await Promise.race(coming);
    }
  };

  const recordsOf = (key: KeyId): readonly ImportedRecord[] => {
    const derived = found.get(key)?.records;
    if (derived) return [...derived];
    return isDigest(key) ? caches.flat().flatMap((roots) => roots.get(key) ?? []) : [];
  };

  const matching = ({ digest, output, deps }: PartialQuestion): ReadonlySet<ImportedRecord> => {
    const wanted = rootKey(digest, output);
    let records: ReadonlySet<ImportedRecord> | undefined;
    for (const [input, dep] of deps.entries()) {
      if (!dep) continue;
      const next = new Set(
        dep.keys.flatMap(({ id, selector }) =>
          recordsOf(id).flatMap((record) => [...record.next(wanted, input, selector)]),
        ),
      );
      records = records ? records.intersection(next) : next;
    }
    // The same work on fewer inputs has the same digest where one of them is an empty tree.
    return new Set([...(records ?? [])].filter(({ roots }) => roots.length === deps.length));
  };

  const remember = (key: KeyId, question: KeyQuestion, { records, here }: Pick<Found, 'records' | 'here'>) => {
    const known = found.get(key);
    if (known) for (const record of records) known.records.add(record);
    else found.set(key, { question, records: new Set(records), here, links: [] });
  };

  /** The question as it would have been asked with the content at hand that the records tell of. */
  const whole = ({ question, records }: Found): KeyQuestion => {
    const deps = question.deps.map(({ keys }, input): KeyedDep => {
      const contents = [...records].flatMap(({ roots }) => roots[input] ?? []);
      const news = new Set(contents).difference(new Set(keys.map(({ id }) => id)));
      return { keys: [...keys, ...[...news].map((id) => ({ id }))] };
    });
    return { ...question, deps };
  };

  /** Keeps a result's key here, with the keys that lead to it: the next build may not have this import. */
  const adopt = async (key: KeyId, save: (question: KeyQuestion) => Promise<void>): Promise<void> => {
    const way = found.get(key);
    if (!way) return;
    linked.add(key);
    // All at once: what is written together waits for the disk once.
    const writes = [save(whole(way)), ...way.links.map((question) => own.link(key, question))];
    const open = inputsOf(way);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const before = linked.has(next) ? undefined : found.get(next);
      linked.add(next);
      if (!before) continue;
      for (const question of [whole(before), ...before.links]) writes.push(own.link(next, question));
      open.push(...inputsOf(before));
    }
    await Promise.all(writes);
  };

  /** The keys here, or else the one that imported records give; either stands for those records from now on. */
  const match = (question: PartialQuestion, here: readonly KeyId[]): readonly KeyId[] => {
    const records = matching(question);
    if (records.size === 0) return here;
    const { deps } = question;
    // Asked of some inputs only: there is no key for that, but there is something.
    if (!deps.every((dep) => dep !== undefined)) return [...here, ...[...records].map(({ digest }) => digest)];
    const keys = here.length > 0 ? here : [derivedKey(question.digest, question.output, deps)];
    for (const key of keys) remember(key, { ...question, deps }, { records: new Set(records), here: here.length > 0 });
    return keys;
  };

  /** Results that may be had, the newest first. */
  const candidates = (keys: readonly KeyId[]) =>
    keys
      .flatMap((key) => recordsOf(key).flatMap(({ results }) => results.map((result) => ({ key, result }))))
      .filter(({ result }) => !lost.has(result))
      .sort((a, b) => b.result.createdAt - a.result.createdAt);

  return {
    async query(question) {
      const here = await own.query(question);
      const keys = here.length > 0 ? here : await firstOf(() => nonEmpty(match(question, [])));
      // What follows from it may be known only by a cache that is not there yet; that is seen to once it is.
      if (pending?.size !== 0) unmatched.push(() => void match(question, keys ?? []));
      return here.length > 0 ? match(question, here) : (keys ?? []);
    },

    async load(keys, { fetched } = {}) {
      const here = await own.load(keys);
      if (here) return here;
      for (;;) {
        const next = await firstOf(() => candidates(keys)[0]);
        if (!next) return undefined;
        const { layers, origin, createdAt } = next.result;
        let ref: ImmutableRef;
        try {
          ref = await cache.fetchLayers(layers, { ...work, description: `imported from ${origin.name}` });
        } catch (error) {
          work.signal.throwIfAborted();
          lost.add(next.result);
          origin.lost(error);
          continue;
        }
        await adopt(next.key, (question) => own.save(next.key, question, ref, { createdAt }));
        fetched?.();
        return ref;
      }
    },

    async kept(key) {
      // Who asks has looked for results before; caches that nobody needed for that stay where they are.
      await Promise.all(pending ?? []);
      const here = await own.kept(key);
      const way = found.get(key);
      const ways = [...here.ways, ...(way ? [whole(way), ...way.links] : [])];
      const best = here.createdAt === undefined ? candidates([key])[0]?.result : undefined;
      if (!best) return { ...here, ways };
      const { createdAt, layers, origin } = best;
      const missing = async () =>
        (await cache.missing(layers)).map(({ descriptor: { digest, size } }) => ({ id: digest, bytes: size }));
      return { ways, createdAt, elsewhere: { name: origin.name, missing } };
    },

    save: (...given) => own.save(...given),

    async link(key, question) {
      const way = found.get(key);
      // A way to what is not here is kept together with it, if it comes to that: steps that are skipped write nothing.
      if (way && !way.here && !linked.has(key)) way.links.push(question);
      else await own.link(key, question);
    },

    claim: (key, options) => own.claim(key, options),
  };
}

/** Imported records that a key stands for, and the question that led to them. */
interface Found {
  readonly question: KeyQuestion;
  readonly records: Set<ImportedRecord>;
  /** Whether the key is known here, too. */
  readonly here: boolean;
  /** More ways that lead to the key. */
  readonly links: KeyQuestion[];
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function inputsOf({ question, links }: Found): KeyId[] {
  return [question, ...links].flatMap(({ deps }) => deps.flatMap(({ keys }) => keys.map(({ id }) => id)));
}
