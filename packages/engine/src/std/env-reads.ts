/** Told of a variable that is asked for, by its name, and of a list of all that there are. */
export interface EnvListener {
  one(name: string): void;
  all(): void;
}

/** Traps of a proxy of an environment that tell which of its variables are read, in whatever way. */
export function envReads({ one, all }: EnvListener): ProxyHandler<NodeJS.ProcessEnv> {
  const note = (key: string | symbol) => {
    if (typeof key === 'string') one(key);
  };
  return {
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
      all();
      return Reflect.ownKeys(target);
    },
  };
}
