/** One promise a key, however many ask. Its failure is everybody's who awaits it. */
export function memo<K, T>(promises: Map<K, Promise<T>>, key: K, start: () => Promise<T>): Promise<T> {
  let promise = promises.get(key);
  if (!promise) {
    promise = start();
    promise.catch(() => undefined); // nobody may be waiting yet; whoever awaits gets it
    promises.set(key, promise);
  }
  return promise;
}
