/** An environment like the given one, and which of the named variables it was asked for: all, where it was listed. */
export function askedVariables(
  env: NodeJS.ProcessEnv,
  among: ReadonlySet<string>,
): { readonly env: NodeJS.ProcessEnv; readonly asked: ReadonlySet<string> } {
  const asked = new Set<string>();
  const note = (key: string | symbol) => {
    if (typeof key === 'string' && among.has(key)) asked.add(key);
  };
  const noting = new Proxy(env, {
    get(target, key) {
      note(key);
      return Reflect.get(target, key) as unknown;
    },
    has(target, key) {
      note(key);
      return Reflect.has(target, key);
    },
    getOwnPropertyDescriptor(target, key) {
      note(key);
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
    ownKeys(target) {
      for (const name of among) asked.add(name);
      return Reflect.ownKeys(target);
    },
  });
  return { env: noting, asked };
}
