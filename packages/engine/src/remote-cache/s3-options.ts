import type { Attrs } from '../std/attrs.ts';

/** Where in a bucket caches lie, and how it is reached; the layout is BuildKit's. */
export interface S3Place {
  readonly kind: 's3';
  readonly bucket: string;
  readonly region: string;
  /** Configs are written under each of these names; the first one is read. */
  readonly names: readonly string[];
  /** What the keys of blobs and of configs begin with. */
  readonly blobs: string;
  readonly manifests: string;
  /** Of a server that is not AWS's. */
  readonly endpoint?: string;
  readonly pathStyle: boolean;
  /** What the SDK finds by itself (environment, profiles, roles) where left out. */
  readonly credentials?: S3Credentials;
  /** By the SDK's names; its defaults where left out. */
  readonly retry: { readonly retryMode?: 'standard' | 'adaptive'; readonly maxAttempts?: number };
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** How blobs get there. */
export interface S3Upload {
  /** Blobs that were not touched for so many milliseconds are touched, so that no lifecycle rule removes them. */
  readonly touchAfter: number;
  /** How many blobs are sent at a time. */
  readonly parallel: number;
}

/** Takes the options that imports and exports have in common. */
export function readS3(attrs: Attrs, env: Readonly<Record<string, string | undefined>>): S3Place {
  const bucket = attrs.text('bucket') || env['AWS_BUCKET'];
  const region = attrs.text('region') || env['AWS_REGION'];
  if (!bucket) throw attrs.wrong('bucket', 'a cache of type s3 needs bucket=NAME, or AWS_BUCKET in the environment');
  if (!region) throw attrs.wrong('region', 'a cache of type s3 needs region=NAME, or AWS_REGION in the environment');
  const names = (attrs.text('name') ?? 'buildkit').split(';');
  if (names.includes('')) throw attrs.wrong('name', 'one of the names in name= is empty');
  const prefix = attrs.text('prefix') ?? '';
  const endpoint = attrs.text('endpoint_url') || undefined;
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    throw attrs.wrong('endpoint_url', `endpoint_url=${endpoint} is no URL: write one such as https://s3.example.com`);
  }
  const credentials = readCredentials(attrs);
  const retryMode = attrs.oneOf('retry_mode', ['standard', 'adaptive']);
  const maxAttempts = attrs.count('retry_max_attempts');
  return {
    kind: 's3',
    bucket,
    region,
    names,
    blobs: `${prefix}${attrs.text('blobs_prefix') ?? 'blobs/'}`,
    manifests: `${prefix}${attrs.text('manifests_prefix') ?? 'manifests/'}`,
    ...(endpoint !== undefined && { endpoint }),
    pathStyle: attrs.flag('use_path_style') ?? false,
    ...(credentials && { credentials }),
    retry: { ...(retryMode && { retryMode }), ...(maxAttempts && { maxAttempts }) },
  };
}

/** Takes the options of exports. */
export function readS3Upload(attrs: Attrs): S3Upload {
  return {
    touchAfter: attrs.duration('touch_refresh') ?? 24 * 60 * 60 * 1000,
    parallel: attrs.count('upload_parallelism') ?? 4,
  };
}

function readCredentials(attrs: Attrs): S3Credentials | undefined {
  const accessKeyId = attrs.text('access_key_id');
  const secretAccessKey = attrs.text('secret_access_key');
  const sessionToken = attrs.text('session_token');
  if (!accessKeyId && !secretAccessKey && !sessionToken) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    throw attrs.wrong('access_key_id', 'access_key_id and secret_access_key of a cache of type s3 go together');
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}
