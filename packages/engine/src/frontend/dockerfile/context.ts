// Where the Dockerfile and the files for it come from.

import type { Definition } from '../../llb/definition.ts';
import { copy } from '../../llb/file-actions.ts';
import { basePath, joinPath } from '../../llb/path.ts';
import { git, http, local } from '../../llb/sources.ts';
import { scratch, type State } from '../../llb/state.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Diagnostic } from '../../std/diagnostic.ts';
import { Failed } from '../../std/failed.ts';
import { readIgnoreFile } from '../../std/ignore-file.ts';
import { nearest } from '../../std/nearest.ts';
import type { Bridge } from '../frontend.ts';
import type { DockerfileFailure } from './failure.ts';
import { gitOptions, readGitReference } from './git-reference.ts';
import type { Options } from './options.ts';

/** Identifies folders of the client in definitions, where BuildKit's client has an id for each of its processes. */
export const defaultUniqueId = 'monokit';

export interface Surroundings {
  readonly options: Options;
  readonly bridge: Bridge;
  readonly signal: AbortSignal;
  /** Takes what the rules find. */
  readonly warn: (diagnostic: Diagnostic) => void;
  /** For `local://` vertices. */
  readonly uniqueId: string;
  /** This machine's if left out. */
  readonly buildPlatform?: Platform;
}

/** The name under which the client lends the context's folder. */
const contextName = 'context';

/** The Dockerfile's bytes, and what came with them. */
export interface DockerfileText {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly source: State;
  /** Patterns of the ignore file beside it, if there is one. */
  readonly ignore: readonly string[] | undefined;
}

/** The main context of a build: a folder of the client, or a tree that is fetched. */
export class MainContext {
  readonly #surroundings: Surroundings;
  /** The tree, if it is no folder of the client. */
  readonly #remote: State | undefined;
  /** Where the Dockerfile is, if not in a folder of the client. */
  readonly #dockerfile: State | undefined;
  readonly #filename: string;

  private constructor(
    surroundings: Surroundings,
    about: { remote?: State; dockerfile?: State; filename?: string } = {},
  ) {
    this.#surroundings = surroundings;
    const { contextSubdir, dockerfileIsLocal, filename } = surroundings.options;
    const { remote } = about;
    this.#remote = remote && contextSubdir !== '' ? subdirectory(remote, contextSubdir) : remote;
    this.#dockerfile = dockerfileIsLocal ? undefined : about.dockerfile;
    this.#filename = (this.#dockerfile && about.filename) ?? filename;
  }

  /** Finds out what kind of context the options name; a download has to be looked at for that. */
  static async open(surroundings: Surroundings): Promise<MainContext> {
    const { options } = surroundings;
    const { contextAddress: address } = options;
    const repository = readGitReference(address);
    if (repository) {
      const dated = (options.buildArgs.get('SOURCE_DATE_EPOCH') ?? '') !== '';
      const remote = git(repository.remote, {
        ...(dated && { mtime: 'commit' }),
        ...gitOptions(repository),
        ...((repository.keepGitDir || options.keepGitDir) && { keepGitDir: true }),
        customName: `[internal] load git source ${address}`,
      });
      return new MainContext(surroundings, { remote, dockerfile: remote });
    }
    if (/^https?:\/\//.test(address)) {
      const file = http(address, { filename: 'context', customName: '[internal] load remote build context' });
      const head = await readFrom(surroundings, file, 'context', { length: 1024 });
      if (!head) throw missing('context', 'the downloaded context');
      if (!isArchive(head))
        return new MainContext(surroundings, { remote: file, dockerfile: file, filename: 'context' });
      const remote = scratch().file(copy(file, '/context', '/', { unpack: true }));
      return new MainContext(surroundings, { remote, dockerfile: remote });
    }
    if (address.startsWith('local:')) {
      const name = address.slice('local:'.length);
      const remote = local(name, { sharedKeyHint: name, customName: '[internal] load build context' });
      return new MainContext(surroundings, { remote, dockerfile: remote });
    }
    return new MainContext(surroundings);
  }

  /** Reads the Dockerfile; `dockerfile` will do where `Dockerfile` was not asked for by another name. */
  async readDockerfile(): Promise<DockerfileText> {
    const name = this.#filename;
    const lower =
      basePath(name) === 'Dockerfile' ? joinPath(name.slice(0, -'Dockerfile'.length), 'dockerfile') : undefined;
    const { dockerfileName, localSessions } = this.#surroundings.options;
    const sessionId = localSessions.get(dockerfileName);
    const source =
      this.#dockerfile ??
      local(dockerfileName, {
        followPaths: [name, `${name}.dockerignore`, ...(lower === undefined ? [] : [lower])],
        ...(sessionId !== undefined && { sessionId }),
        sharedKeyHint: dockerfileName,
        differ: { type: 'none' },
        customName: `[internal] load build definition from ${name}`,
      });
    const definition = await source.marshal({ localUniqueId: this.#surroundings.uniqueId });
    const read = (path: string) => this.#surroundings.bridge.readFile(definition, path);
    const [bytes, ignore] = await Promise.all([
      read(name).then((found) => found ?? (lower === undefined ? undefined : read(lower))),
      read(`${name}.dockerignore`),
    ]);
    if (!bytes) throw missing(name, 'failed to read dockerfile', await this.#near(name));
    return { name, bytes, source, ignore: ignore && readIgnoreFile(text(ignore)) };
  }

  /** What lies where the Dockerfile should, and has nearly its name. */
  async #near(name: string): Promise<string | undefined> {
    const base = basePath(name);
    const folder = name.slice(0, name.length - base.length);
    const { dockerfileName, localSessions } = this.#surroundings.options;
    const sessionId = localSessions.get(dockerfileName);
    const look =
      this.#dockerfile ??
      local(dockerfileName, {
        // Names that begin as this one does, and those that any Dockerfile may have; not the folder with all in it.
        followPaths: [`${base.slice(0, 1)}*`, '*ockerfile*'].map((pattern) => joinPath(folder, pattern)),
        ...(sessionId !== undefined && { sessionId }),
        sharedKeyHint: dockerfileName,
        differ: { type: 'none' },
        customName: `[internal] look for ${name}`,
      });
    const { bridge, uniqueId } = this.#surroundings;
    const files = await bridge.readDir(await look.marshal({ localUniqueId: uniqueId }), folder || '.');
    const found = nearest(base, files ?? []);
    return found === undefined ? undefined : folder + found;
  }

  /** What the ignore file keeps away. A tree that is fetched is taken whole. */
  async ignorePatterns(dockerfile: DockerfileText): Promise<readonly string[]> {
    if (this.#remote) return [];
    if (dockerfile.ignore) return dockerfile.ignore;
    const { localSessions } = this.#surroundings.options;
    const sessionId = localSessions.get(contextName);
    const folder = local(contextName, {
      ...(sessionId !== undefined && { sessionId }),
      followPaths: ['.dockerignore'],
      sharedKeyHint: `${contextName}-.dockerignore`,
      differ: { type: 'none' },
      customName: '[internal] load .dockerignore',
    });
    const file = await readFrom(this.#surroundings, folder, '.dockerignore');
    return file ? readIgnoreFile(text(file)) : [];
  }

  /** The context's files, as far as `paths` are read of it. */
  state(paths: ReadonlySet<string>, ignored: readonly string[]): State {
    if (this.#remote) return this.#remote;
    const { localSessions } = this.#surroundings.options;
    const sessionId = localSessions.get(contextName);
    const followPaths = followed(paths);
    return local(contextName, {
      ...(sessionId !== undefined && { sessionId }),
      ...(ignored.length > 0 && { exclude: ignored }),
      ...(followPaths && { followPaths }),
      sharedKeyHint: contextName,
      customName: '[internal] load build context',
    });
  }

  /** The vertex that the context is fetched by, to ask when it was changed; undefined for a folder of the client. */
  async origin(): Promise<Definition | undefined> {
    return this.#remote?.marshal({ localUniqueId: this.#surroundings.uniqueId });
  }
}

/** The paths to ask for; undefined if all are, or none. */
export function followed(paths: ReadonlySet<string>): readonly string[] | undefined {
  if (paths.size === 0 || paths.has('/')) return undefined;
  return Array.from(paths, (path) => joinPath('.', path)).sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
}

/** Reads a file of the tree that a state stands for. */
export async function readFrom(
  { bridge, uniqueId }: Surroundings,
  state: State,
  path: string,
  options: { readonly length?: number } = {},
): Promise<Uint8Array | undefined> {
  return bridge.readFile(await state.marshal({ localUniqueId: uniqueId }), path, options);
}

function subdirectory(tree: State, path: string): State {
  return scratch().file(copy(tree, path, '/', { dirContentsOnly: true }));
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function missing(path: string, what: string, meant?: string): Failed<DockerfileFailure> {
  const close = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  const message = `${what}: open ${path}: no such file or directory${close}`;
  return new Failed<DockerfileFailure>({ kind: 'dockerfile-missing', path, message });
}

const magics = [
  [0x42, 0x5a, 0x68], // bzip2
  [0x1f, 0x8b, 0x08], // gzip
  [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], // xz
];

/** Whether a download begins like an archive; anything else is a Dockerfile. */
function isArchive(head: Uint8Array): boolean {
  return magics.some((magic) => magic.every((byte, i) => head[i] === byte)) || isTarHeader(head);
}

/** A tar header says the sum of its own bytes, with blanks in place of the sum. */
function isTarHeader(head: Uint8Array): boolean {
  if (head.length < 512) return false;
  const said = Number.parseInt(
    Buffer.from(head.subarray(148, 156))
      .toString('latin1')
      .replace(/[\0 ]+/g, ' ')
      .trim(),
    8,
  );
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0x20 : head[i]!;
  return said === sum && sum !== 8 * 0x20;
}
