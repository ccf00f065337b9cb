import type { Capture } from './capture.ts';
import { withoutCredentials } from './redact.ts';

/** What initialized a build, by SLSA's names. */
export interface ConfigSource {
  readonly uri?: string;
  readonly digest?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** What was asked, by the names of BuildKit's Go type `Parameters`. */
export interface Parameters {
  readonly frontend?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly secrets?: readonly LentId[];
  readonly ssh?: readonly LentId[];
  readonly locals?: readonly { readonly name: string }[];
  readonly compatibilityVersion?: number;
}

interface LentId {
  readonly id: string;
  readonly optional?: true;
}

/** Of the machine, and not of what is built. */
const ofHost = new Set(['cgroup-parent', 'image-resolve-mode', 'platform', 'cache-imports']);

/** What was asked, without secrets; `complete` is false where `min` leaves something out that can decide the result. */
export function requestParameters(
  {
    frontend,
    args,
    captured,
  }: { readonly frontend: string; readonly args: Parameters['args']; readonly captured: Capture },
  mode: 'min' | 'max',
): { readonly request: Parameters; readonly vcs: Readonly<Record<string, string>>; readonly complete: boolean } {
  const shown: Record<string, string> = {};
  const vcs: Record<string, string> = {};
  let complete = true;
  const main = contextKey(args ?? {});
  const hidden = (name: string) => ofHost.has(name) || /^(attest|local-sessionid|sharedkey):/.test(name);
  for (const [name, written] of Object.entries(args ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const value = withoutCredentials(written);
    if (hidden(name) || name === main || name === 'filename') continue;
    if (name.startsWith('vcs:')) {
      if (value !== '') vcs[name.slice('vcs:'.length)] = value;
    } else if (mode === 'min' && /^(build-arg|label):/.test(name)) complete = false;
    else shown[name] = value;
  }
  const lent = (ids: ReadonlyMap<string, boolean>): readonly LentId[] =>
    mode === 'min' ? [] : [...ids].map(([id, optional]) => ({ id, ...(optional && { optional }) }));
  const [secrets, ssh] = [lent(captured.secrets), lent(captured.ssh)];
  const request: Parameters = {
    ...(frontend !== '' && { frontend }),
    ...(Object.keys(shown).length > 0 && { args: shown }),
    ...(secrets.length > 0 && { secrets }),
    ...(ssh.length > 0 && { ssh }),
    ...(captured.locals.length > 0 && { locals: captured.locals.map((name) => ({ name })) }),
  };
  return { request, vcs, complete };
}

/** The option that names the main context. */
export function contextKey(args: Readonly<Record<string, string>>): string {
  return args['contextkey'] || 'context';
}
