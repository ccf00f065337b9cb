// A settled image as the engine's input, by BuildKit's own names.

import { createHash } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExportRequest, SolveRequest } from '@monokit/engine';
import { familiar, parseReference } from '@monokit/engine/oci/reference';
import type { Lent } from '@monokit/engine/session';
import { Failed } from '@monokit/engine/std/failed';
import type { ConfigFailure } from './failure.ts';
import { limitOptions } from './limits.ts';
import type { Witness } from './load.ts';
import { reproducibleAttrs } from './reproducible.ts';
import { attestOptions } from './specs.ts';
import type { OutputSpec, ResolvedTarget, SshSpec } from './target.ts';

export interface RequestOptions {
  /** A folder for Dockerfiles that are written in the configuration; they are kept by their content. */
  readonly scratch: string;
  /** Standard output, for outputs to `-`. */
  readonly stdout: () => WritableStream<Uint8Array>;
  /** The process's own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** Asks for where the image came from in the response. */
  readonly answerProvenance?: 'min' | 'max';
  /** Calls `define` functions. */
  readonly witness?: Witness;
}

export interface Requested {
  /** Lacks only the session that lends what is in `lent`. */
  readonly request: Omit<SolveRequest, 'session'>;
  readonly lent: Lent;
}

/**
 * The request for a target. Contexts that are other targets are inputs named by their ids. Throws
 * `Failed<ConfigFailure>` for a `define` function that gives nothing or an ssh agent that isn't there, and the session's failure for a layout that can't
 * be read.
 */
export async function requestOf(target: ResolvedTarget, options: RequestOptions): Promise<Requested> {
  const { id, recipe, entitlements, cacheFrom, cacheTo } = target;
  const modes = target.reproducible ? ({ modes: 'git' } as const) : {};
  const attrs: Record<string, string> = {};
  const folders: Record<string, { readonly root: string; readonly modes?: 'git' }> = {};
  const stores: Record<string, string> = {};

  if (target.context.kind === 'folder') folders.context = { root: target.context.path, ...modes };
  else attrs.context = target.context.url;
  for (const [name, context] of Object.entries(target.contexts)) {
    const key = `context:${contextName(name)}`;
    switch (context.kind) {
      case 'folder': {
        const local = name === 'context' || name === 'dockerfile' ? `named-${name}` : name;
        folders[local] = { root: context.path, ...modes };
        attrs[key] = `local:${local}`;
        break;
      }
      case 'remote':
        attrs[key] = context.url;
        break;
      case 'target':
        attrs[key] = `input:${inputName(context.id)}`;
        break;
      case 'image':
        attrs[key] = `docker-image://${context.reference}`;
        break;
      case 'oci-layout': {
        const { openLayoutContext } = await import('@monokit/engine/layout');
        const name = `${context.path}${context.tag ? `:${context.tag}` : ''}${context.digest ? `@${context.digest}` : ''}`;
        const { store, path, reference } = await openLayoutContext(`oci-layout://${name}`);
        stores[store] = path;
        attrs[key] = reference;
        break;
      }
    }
  }
  if (recipe.kind === 'dockerfile') {
    folders.dockerfile = { root: recipe.folder };
    attrs.filename = recipe.name;
  } else if (recipe.kind === 'inline-dockerfile') {
    folders.dockerfile = { root: writtenTo(options.scratch, recipe.text) };
    attrs.filename = 'Dockerfile';
    // The Dockerfile lies here even if the context does not.
    if (target.context.kind === 'remote') attrs.dockerfilekey = 'dockerfile';
  } else if (recipe.kind === 'remote-dockerfile') attrs.filename = recipe.path;

  const { answerProvenance } = options;
  const attested: Record<string, string> = { ...attestOptions(target.attests, target) };
  if (answerProvenance !== undefined || Object.keys(attested).length > 0) {
    const { vcsOptions } = await import('./vcs.ts');
    Object.assign(attested, vcsOptions(folders, options.env ?? process.env));
  }
  return {
    request: {
      id,
      source:
        recipe.kind === 'define'
          ? {
              ...(await (await import('./defined.ts')).definedSource(target, recipe.define, options.witness)),
              options: attested,
            }
          : {
              kind: 'frontend',
              frontend: 'dockerfile.v0',
              options: { ...frontendOptions(target), ...attrs, ...attested },
            },
      exports: await exportsOf(target, options),
      entitlements,
      cacheFrom,
      cacheTo,
      ...(answerProvenance !== undefined && { answerProvenance }),
      ...stepPolicy(target),
    },
    lent: {
      folders,
      stores,
      secrets: target.secrets.map(({ id: secret, source }) =>
        source.kind === 'env'
          ? { kind: 'env', id: secret, variable: source.name }
          : { kind: 'file', id: secret, path: source.path },
      ),
      ssh: target.ssh.map((ssh) => sshSource(ssh, options.env ?? process.env)),
      ...(options.env && { env: options.env }),
    },
  };
}

/** The name of an image for those that have it as a named context: none that a `FROM` could have. */
function inputName(id: string): string {
  return `@${id}`;
}

/**
 * Every name by which another image may mean this one: one for contexts, and for a `FROM` its id, and its tags short and
 * in full. A `FROM` doesn't mean targets of bake and compose files by their ids: services often have the name of the
 * image that they are built from.
 */
export function namesOf({
  id,
  tags,
  names,
  sourced,
}: Pick<ResolvedTarget, 'id' | 'tags' | 'names' | 'sourced'>): readonly string[] {
  if (id.includes('#')) return [];
  const short = names.map((name) => familiar(parseReference(name)));
  return [
    ...new Set([
      inputName(id),
      ...(sourced ? [] : [id]),
      ...tags,
      ...names,
      ...short,
      ...short.map((name) => name.replace(/:latest$/, '')),
    ]),
  ];
}

function frontendOptions(target: ResolvedTarget): Record<string, string> {
  const options: Record<string, string> = {};
  const { args, labels, platforms, noCacheFilter, network, shmSize, sourceDateEpoch } = target;
  for (const [name, value] of Object.entries(args)) options[`build-arg:${name}`] = value;
  for (const [name, value] of Object.entries(labels)) options[`label:${name}`] = value;
  if (sourceDateEpoch !== undefined) options['build-arg:SOURCE_DATE_EPOCH'] = sourceDateEpoch;
  if (target.target !== undefined) options.target = target.target;
  if (platforms.length > 0) options.platform = platforms.join(',');
  if (target.noCache) options['no-cache'] = '';
  else if (noCacheFilter.length > 0) options['no-cache'] = noCacheFilter.join(',');
  if (target.pull) options['image-resolve-mode'] = 'pull';
  if (network !== 'default') options['force-network-mode'] = network;
  if (shmSize !== undefined) options['shm-size'] = String(shmSize);
  Object.assign(options, limitOptions(target.resources));
  const hosts = Object.entries(target.extraHosts).map(([host, address]) => `${host}=${address}`);
  if (hosts.length > 0) options['add-hosts'] = hosts.join(',');
  const ulimits = Object.entries(target.ulimits).map(([name, { soft, hard }]) => `${name}=${soft}:${hard}`);
  if (ulimits.length > 0) options.ulimit = ulimits.join(',');
  return options;
}

/** How its steps are run, where anything is said of that. */
function stepPolicy({ priority, timeout, retries }: ResolvedTarget): Pick<SolveRequest, 'steps'> {
  const steps = {
    ...(priority !== undefined && { priority }),
    ...(timeout !== undefined && { timeout }),
    ...(retries !== undefined && { retries }),
  };
  return Object.keys(steps).length > 0 ? { steps } : {};
}

/** Where the result goes; into the engine's own store, under its tags, where nothing is said. */
async function exportsOf(target: ResolvedTarget, options: RequestOptions): Promise<readonly ExportRequest[]> {
  const outputs: readonly OutputSpec[] = target.outputs.length > 0 ? target.outputs : [{ type: 'image', attrs: {} }];
  const requests = outputs.map((output) => exportOf(output, target, options));
  return (await Promise.all(requests)).filter((request) => request !== undefined);
}

async function exportOf(
  { type, dest, attrs: written }: OutputSpec,
  target: ResolvedTarget,
  options: RequestOptions,
): Promise<ExportRequest | undefined> {
  if (type === 'cacheonly') return undefined;
  const dated = target.sourceDateEpoch !== undefined;
  const attrs: Record<string, string> = {
    ...timeAttrs(target),
    ...(target.reproducible && reproducibleAttrs(type, { dated })),
  };
  if (type !== 'tar' && type !== 'local') {
    Object.assign(attrs, target.annotations);
    if (target.tags.length > 0) attrs.name = target.tags.join(',');
    if (type === 'registry') attrs.push = 'true';
  }
  Object.assign(attrs, written);
  const kind = type === 'registry' ? 'image' : type;
  if (dest === undefined) {
    if (kind !== 'docker') return { type: kind, attrs };
    const { readLoader } = await import('@monokit/engine/loader');
    const { loader, attrs: rest } = await readLoader(attrs, options.env ?? process.env);
    return { type: kind, attrs: rest, destination: { kind: 'loader', loader } };
  }
  if (dest === '-') return { type: kind, attrs, destination: { kind: 'stream', stream: options.stdout() } };
  const folder = type === 'local' || attrs.tar === 'false';
  return { type: kind, attrs, destination: { kind: folder ? 'folder' : 'file', path: dest } };
}

/** The frontend tells the exporters of SOURCE_DATE_EPOCH; they are told here where there is none. */
function timeAttrs({ created, sourceDateEpoch, recipe }: ResolvedTarget): Record<string, string> {
  if (created === 'now') return { created: 'now' };
  return recipe.kind === 'define' && sourceDateEpoch !== undefined ? { 'source-date-epoch': sourceDateEpoch } : {};
}

/** A path to a socket is an agent's; others are keys. */
function sshSource({ id, paths }: SshSpec, env: NodeJS.ProcessEnv): NonNullable<Lent['ssh']>[number] {
  const [first] = paths;
  if (first === undefined) {
    if (env.SSH_AUTH_SOCK) return { kind: 'agent', id, socket: env.SSH_AUTH_SOCK };
    const message = `ssh ${id} wants the agent of SSH_AUTH_SOCK, which is not set`;
    throw new Failed<ConfigFailure>({ kind: 'ssh-agent', id, message });
  }
  if (paths.length === 1 && statSync(first, { throwIfNoEntry: false })?.isSocket())
    return { kind: 'agent', id, socket: first };
  return { kind: 'keys', id, paths };
}

/** As frontends look names up: short, and without `:latest`. */
function contextName(name: string): string {
  try {
    return familiar(parseReference(name)).replace(/:latest$/, '');
  } catch {
    return name; // a stage may have a name that no image can have
  }
}

function writtenTo(scratch: string, text: string): string {
  const folder = join(scratch, createHash('sha256').update(text).digest('hex').slice(0, 32));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'Dockerfile'), text);
  return folder;
}
