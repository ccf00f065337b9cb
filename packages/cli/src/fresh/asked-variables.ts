import { envReads } from '@monokit/engine/std/env-reads';

/** An environment like the given one, and which of the named variables it was asked for: all, where it was listed. */
export function askedVariables(
  env: NodeJS.ProcessEnv,
  among: ReadonlySet<string>,
): { readonly env: NodeJS.ProcessEnv; readonly asked: ReadonlySet<string> } {
  const asked = new Set<string>();
  const one = (name: string) => {
    if (among.has(name)) asked.add(name);
  };
  return { env: new Proxy(env, envReads({ one, all: () => among.forEach((name) => asked.add(name)) })), asked };
}
