import { Mistake } from '../mistake.ts';

/** One `--add-host`: `HOST:IP`, or with `=` between them. */
export function hostOf(text: string): readonly [host: string, ip: string] {
  const [, host, ip] = /^([^=:]+)[=:](.+)$/.exec(text) ?? [];
  if (host === undefined) throw new Mistake(`--add-host needs HOST:IP, got ${JSON.stringify(text)}`);
  return [host, ip!];
}
