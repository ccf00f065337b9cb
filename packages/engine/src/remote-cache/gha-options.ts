import type { Attrs } from '../std/attrs.ts';
import { parseGoBool } from '../std/go-bool.ts';

/** Where GitHub Actions keeps caches. */
export interface GhaPlace {
  readonly kind: 'gha';
  /** Caches of different scopes don't see each other. */
  readonly scope: string;
  /** Undefined outside of a workflow: then there is nothing to be reached. */
  readonly service?: GhaService;
}

export interface GhaService {
  readonly version: 1 | 2;
  readonly url: string;
  /** The runtime's; it also says which branches may be read and written. */
  readonly token: string;
}

/** How to ask GitHub which blobs it has: one question, in place of one for each blob. */
export interface GhaRepository {
  /** `owner/name`. */
  readonly repository: string;
  /** For GitHub's REST API. */
  readonly token: string;
  /** The REST API's. */
  readonly url: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Takes the options that imports and exports have in common; what they don't say is in a workflow's environment. */
export function readGha(attrs: Attrs, env: Environment): GhaPlace {
  const scope = attrs.text('scope') || 'buildkit';
  const asked =
    attrs.oneOf('version', ['1', '2']) ?? (parseGoBool(env['ACTIONS_CACHE_SERVICE_V2'] ?? '') ? '2' : undefined);
  const results = attrs.text('url_v2') || (asked === '2' ? env['ACTIONS_RESULTS_URL'] : undefined);
  const url = attrs.text('url') || env['ACTIONS_CACHE_URL'] || env['ACTIONS_RESULTS_URL'];
  const token = attrs.text('token') || env['ACTIONS_RUNTIME_TOKEN'];
  for (const [name, value] of Object.entries({ url_v2: results, url })) {
    if (value && !/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
      throw attrs.wrong(name, `${name}=${value} is no URL`);
  }
  const service =
    asked !== '1' && results ? ({ version: 2, url: results } as const) : url && { version: versionAt(url, asked), url };
  return { kind: 'gha', scope, ...(token && service && { service: { ...service, token } }) };
}

/** Takes the options of exports. */
export function readGhaRepository(attrs: Attrs, env: Environment): GhaRepository | undefined {
  const repository = attrs.text('repository');
  const token = attrs.text('ghtoken');
  if (!repository && !token) return undefined;
  if (!repository || !token)
    throw attrs.wrong('repository', 'repository and ghtoken of a cache of type gha go together');
  return { repository, token, url: env['GITHUB_API_URL'] || 'https://api.github.com' };
}

/** Clients that don't know of the second version name its service by the first one's option. */
function versionAt(url: string, asked: '1' | '2' | undefined): 1 | 2 {
  if (asked) return asked === '2' ? 2 : 1;
  return new URL(url).hostname === 'results-receiver.actions.githubusercontent.com' ? 2 : 1;
}
