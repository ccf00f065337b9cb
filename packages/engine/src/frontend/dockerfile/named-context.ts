// `--build-context name=…`: what stands in place of an image or a stage.

import { fromDefinition } from '../../llb/definition-node.ts';
import { image, git, http, local, ociLayout } from '../../llb/sources.ts';
import { scratch, suppliedLater, type State } from '../../llb/state.ts';
import { isDigest } from '../../oci/digest.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import { normalise, type Platform } from '../../oci/platform.ts';
import { familiar, normalised, parseReference } from '../../oci/reference.ts';
import { readIgnoreFile } from '../../std/ignore-file.ts';
import { readImageConfig } from './base-config.ts';
import { followed, readFrom, type Surroundings } from './context.ts';
import { mistake } from './failure.ts';
import { gitOptions, readGitReference } from './git-reference.ts';
import { formatPlatformFully } from './platform.ts';

/** What a named context turned out to be. */
export interface NamedContext {
  readonly state: State;
  /** Of an image. */
  readonly config?: ImageConfig;
}

export interface NamedContextUse {
  readonly platform: Platform;
  /** Paths that are read of it; asked for once all stages are converted. */
  readonly paths: () => ReadonlySet<string>;
}

/** The name and value of the context for `name` on a platform, if the caller gave one. */
export function findNamedContext(
  name: string,
  platform: Platform,
  contexts: ReadonlyMap<string, string>,
): { readonly key: string; readonly value: string } | undefined {
  const lower = name.toLowerCase();
  if (contexts.size === 0 || lower === 'scratch' || lower === 'context') return undefined;
  let short: string;
  try {
    short = familiar(parseReference(name)).replace(/:latest$/, '');
  } catch {
    return undefined; // a stage may be called what no image is called
  }
  for (const key of [`${short}::${formatPlatformFully(normalise(platform))}`, short]) {
    const value = contexts.get(key);
    if (value !== undefined) return { key, value };
  }
  return undefined;
}

/** Looks at what a named context stands for. Throws a mistake. */
export async function loadNamedContext(
  { key, value }: { readonly key: string; readonly value: string },
  use: NamedContextUse,
  surroundings: Surroundings,
): Promise<NamedContext> {
  const colon = value.indexOf(':');
  if (colon < 0) throw mistake(`invalid context specifier ${value} for ${key}`);
  const scheme = value.startsWith('git@') ? 'git' : value.slice(0, colon);
  const rest = value.slice(colon + 1);
  switch (scheme) {
    case 'docker-image':
      return imageContext(key, rest.replace(/^\/\//, ''), use, surroundings);
    case 'oci-layout':
      return layoutContext(key, rest.replace(/^\/\//, ''), use, surroundings);
    case 'local':
      return localContext(key, rest, use, surroundings);
    case 'input':
      return inputContext(key, rest, use, surroundings);
    case 'git':
    case 'http':
    case 'https': {
      const repository = readGitReference(value);
      if (repository) {
        const options = { ...gitOptions(repository), customName: `[internal] load git source ${value}` };
        return { state: git(repository.remote, options) };
      }
      if (scheme === 'git') throw mistake(`invalid git context ${value}`);
      return { state: http(value, { filename: 'context', customName: `[context ${key}] ${value}` }) };
    }
    default:
      throw mistake(`unsupported context source ${scheme} for ${key}`);
  }
}

async function imageContext(
  key: string,
  name: string,
  { platform }: NamedContextUse,
  { bridge, options }: Surroundings,
): Promise<NamedContext> {
  if (name === 'scratch') return { state: scratch() };
  const reference = normalised(referenceOf(name));
  const found = await bridge.resolveImage(reference, {
    platform,
    mode: options.resolveMode,
    logName: `[context ${key}] load metadata for ${name}`,
  });
  const config = readImageConfig(found.config);
  const base = image(found.reference ?? reference, { customName: `[context ${key}] ${name}`, platform });
  return { state: base.withImageConfig(config), config };
}

async function layoutContext(
  key: string,
  name: string,
  { platform }: NamedContextUse,
  { bridge, options }: Surroundings,
): Promise<NamedContext> {
  const at = name.indexOf('@');
  const digest = name.slice(at + 1);
  if (at <= 0 || !isDigest(digest)) throw mistake(`oci-layout reference "${name}" has no digest`);
  const store = name.slice(0, at).replace(/:[^/:]*$/, '');
  const reference = normalised({ ...referenceOf(key.replace(/::.*$/, '')), digest });
  const found = await bridge.resolveImage(reference, {
    platform,
    mode: options.resolveMode,
    logName: `[context ${key}] load metadata for ${reference}`,
    layout: store,
  });
  const config = readImageConfig(found.config);
  const customName = `[context ${key}] OCI load from client`;
  const base = ociLayout(reference, { storeId: store, customName, platform });
  return { state: base.withImageConfig(config), config };
}

async function localContext(
  key: string,
  name: string,
  { paths }: NamedContextUse,
  surroundings: Surroundings,
): Promise<NamedContext> {
  const sessionId = surroundings.options.localSessions.get(name);
  const session = sessionId === undefined ? {} : { sessionId };
  const ignoreFile = local(name, {
    ...session,
    followPaths: ['.dockerignore'],
    sharedKeyHint: `context:${key}-.dockerignore`,
    differ: { type: 'none' },
    customName: `[context ${key}] load .dockerignore`,
  });
  const file = await readFrom(surroundings, ignoreFile, '.dockerignore');
  const exclude = file ? readIgnoreFile(Buffer.from(file).toString()) : [];
  const sharedKeyHint = `context:${key}-${surroundings.options.sharedKeys.get(key) ?? ''}`;
  const state = suppliedLater(() => {
    const followPaths = followed(paths());
    return local(name, {
      ...session,
      ...(exclude.length > 0 && { exclude }),
      ...(followPaths && { followPaths }),
      sharedKeyHint,
      customName: `[context ${key}] load from client`,
    });
  });
  return { state };
}

async function inputContext(
  key: string,
  name: string,
  { platform }: NamedContextUse,
  { bridge, options }: Surroundings,
): Promise<NamedContext> {
  const found = await bridge.input(name, platform);
  if (!found) throw mistake(`invalid input ${name} for ${key}`);
  const config = found.config ?? configOf(options.inputMetadata.get(name), name);
  const state = fromDefinition(found.definition);
  return config ? { state: state.withImageConfig(config), config } : { state };
}

/** The image config in `input-metadata:NAME`: JSON with values in base64. */
function configOf(metadata: string | undefined, name: string): ImageConfig | undefined {
  if (metadata === undefined) return undefined;
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(metadata) as Record<string, unknown>;
  } catch (cause) {
    throw mistake(`failed to parse input metadata of ${name}`, { cause });
  }
  const config = parsed['containerimage.config'];
  return typeof config === 'string' ? readImageConfig(Buffer.from(config, 'base64')) : undefined;
}

function referenceOf(name: string) {
  try {
    return parseReference(name);
  } catch (error) {
    throw mistake(error instanceof Error ? error.message : String(error), { token: name, cause: error });
  }
}
