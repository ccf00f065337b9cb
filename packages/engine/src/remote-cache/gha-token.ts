import { Failed } from '../std/failed.ts';
import type { RemoteCacheFailure } from './failure.ts';

/** A branch whose caches a workflow may use, as its token lists them: its own first. */
export interface TokenScope {
  /** `refs/heads/main`. */
  readonly scope: string;
  readonly write: boolean;
}

/** What a workflow's token says of itself; GitHub judges whether it is true. Fails with `cache-refused` if it ran out. */
export function tokenScopes(token: string, now = Date.now()): readonly TokenScope[] {
  const claims = claimsOf(token);
  const expires = typeof claims['exp'] === 'number' ? claims['exp'] * 1000 : Number.POSITIVE_INFINITY;
  if (expires < now) throw refused(`its token ran out at ${new Date(expires).toISOString()}`);
  let access: unknown;
  try {
    access = JSON.parse(String(claims['ac']));
  } catch (error) {
    throw refused('its token says nothing of branches', error);
  }
  if (!Array.isArray(access)) throw refused('its token says nothing of branches');
  return access.map((each: Record<string, unknown>) => ({
    scope: String(each['Scope'] ?? each['scope']),
    write: (Number(each['Permission'] ?? each['permission']) & writes) !== 0,
  }));
}

const writes = 2;

function claimsOf(token: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    // The cause would show a part of the token.
    throw refused('its token is no JSON web token');
  }
}

function refused(why: string, cause?: unknown): Failed<RemoteCacheFailure> {
  const message = `the cache of GitHub Actions can't be used: ${why}`;
  return new Failed<RemoteCacheFailure>({ kind: 'cache-refused', message }, { cause });
}
