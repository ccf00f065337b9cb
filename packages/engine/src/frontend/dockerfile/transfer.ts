// What ADD and COPY have in common: files from somewhere into the stage.

import { copy, mkfile, type CopyOptions, type FileActions } from '../../llb/file-actions.ts';
import { merge } from '../../llb/merge-node.ts';
import { joinPath } from '../../llb/path.ts';
import { scratch, type State } from '../../llb/state.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseMode } from '../../std/file-mode.ts';
import { hasWildcards } from '../../std/glob.ts';
import { cleanPath } from '../../std/patterns.ts';
import { mistake } from './failure.ts';
import { jsonOrWords } from './forms.ts';
import { chomp, heredocWord } from './heredoc.ts';
import type { Node } from './parse.ts';
import { absolutePath, withSlashes } from './paths.ts';
import type { Stage } from './stage.ts';
import type { StepNumber } from './step-name.ts';

/** Sources and destination as written, not expanded. */
export interface Operands {
  readonly sources: readonly string[];
  /** Files written into the Dockerfile. */
  readonly documents: readonly Document[];
  readonly destination: string;
}

export interface Document {
  readonly name: string;
  readonly content: string;
  readonly expand: boolean;
}

/** Reads the arguments of ADD and COPY. */
export function readOperands(node: Node): Operands {
  const name = node.keyword.toUpperCase();
  const { args } = jsonOrWords(node.rest);
  const destination = args.at(-1);
  if (args.length < 2 || destination === undefined) {
    throw mistake(
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
      { token: node.rest },
    );
  }
  if (heredocWord(destination)) {
    throw mistake(`${name} cannot accept a heredoc as a destination`, { token: destination });
  }
  const bodies = new Map(node.heredocs.map((heredoc) => [heredoc.name, heredoc.content]));
  const sources: string[] = [];
  const documents: Document[] = [];
  for (const source of args.slice(0, -1)) {
    const heredoc = heredocWord(source);
    if (!heredoc) sources.push(source);
    else {
      const content = bodies.get(heredoc.name) ?? '';
      documents.push({
        name: heredoc.name,
        content: heredoc.chomp ? chomp(content) : content,
        expand: heredoc.expand,
      });
    }
  }
  return { sources, documents, destination };
}

/** The operands with their variables filled in. */
export function expandOperands({ sources, documents, destination }: Operands, stage: Stage): Operands {
  return {
    sources: sources.map((source) => stage.expand(source)),
    destination: stage.expand(destination),
    documents: documents.map((document) =>
      document.expand ? { ...document, content: stage.expandBody(document.content) } : document,
    ),
  };
}

/** `--chmod`: octal digits, or text as chmod(1) takes it. */
export function readMode(text: string): number | string | undefined {
  if (text === '') return undefined;
  const octal = () =>
    mistake(`invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`, { token: text });
  if (/^[0-7]+$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    if (mode > 0o7777) throw octal();
    return mode;
  }
  if (/^\d/.test(text)) throw octal();
  try {
    parseMode(text);
  } catch (cause) {
    throw mistake(`invalid chmod parameter: '${text}'. invalid syntax, it should be octal or like u=rwx,go+r`, {
      token: text,
      cause,
    });
  }
  return text;
}

/** One ADD or COPY on its way into the stage. */
export class Transfer {
  readonly #stage: Stage;
  readonly #node: Node;
  readonly #common: CopyOptions;
  readonly #destination: string;
  readonly #text: string;
  readonly step: StepNumber;
  /** What the vertices are called. */
  readonly stepName: string;
  #actions: FileActions | undefined;

  constructor(
    stage: Stage,
    node: Node,
    options: { destination: string; chown: string; mode: number | string | undefined; exclude: readonly string[] },
  ) {
    this.#stage = stage;
    this.#node = node;
    this.#destination = destinationPath(options.destination, stage);
    this.#common = {
      createDestPath: true,
      ...(options.mode !== undefined && { mode: options.mode }),
      ...(options.chown !== '' && { owner: options.chown }),
      ...(options.exclude.length > 0 && { exclude: options.exclude }),
    };
    this.#text = stage.shown(node.original.trim());
    this.step = stage.nextStep();
    this.stepName = stage.stepName(this.#text, this.step);
  }

  /** Copies one path of a state, whatever it is called. */
  exactly(from: State, path: string, options: CopyOptions = {}): void {
    this.#copy(from, path, options);
  }

  /** Copies what a source names in a folder: wildcards count, links are followed, of folders goes what is in them. */
  matching(from: State, source: string, options: { readonly unpack: boolean; readonly parents: boolean }): void {
    const { os } = this.#stage;
    let root = source;
    let include: readonly string[] = [];
    let requiredPaths: readonly string[] = [];
    if (options.parents) {
      const pivot = source.indexOf('/./');
      root = pivot < 0 ? '/' : source.slice(0, pivot);
      const pattern = absolutePath('/', pivot < 0 ? source : source.slice(pivot + 3), os);
      include = [pattern.replace(/^\//, '')];
      // Wildcards may match nothing; a plain path has to be there.
      if (!hasWildcards(root) && !hasWildcards(pattern))
        requiredPaths = [absolutePath('/', joinPath(root, pattern), os)];
    }
    this.#copy(from, absolutePath('/', root, os), {
      followSymlinks: true,
      dirContentsOnly: true,
      include,
      requiredPaths,
      unpack: options.unpack,
      allowWildcard: true,
      allowEmptyWildcard: true,
    });
  }

  /** Copies a file that is written into the Dockerfile. */
  document({ name, content }: Document): void {
    const { os, runPlatform } = this.#stage;
    const file = scratch().file(mkfile(name, content, { mode: 0o644 }), {
      customName: '[internal] preparing inline document',
      platform: runPlatform,
    });
    this.#copy(file, withSlashes(name, os), {});
  }

  /** Puts the files on the stage; with `link` as a layer of their own, which needs nothing of what is below. */
  finish({ link }: { readonly link: boolean }): void {
    const actions = this.#actions;
    if (!actions) throw new Error('a transfer without sources');
    const stage = this.#stage;
    const { platform } = stage;
    const constraints = {
      customName: this.stepName,
      location: stage.location(this.#node.range),
      ...(stage.noCache && { ignoreCache: true }),
    };
    if (!link) {
      stage.state = stage.state.file(actions, constraints);
      return;
    }
    const id = digestOf(`${stage.name}\0${this.stepName}\0${this.#node.range.start.line}`).slice(7, 32);
    const linkName = stage.stepName(`LINK ${this.#text}`, this.step);
    const layer = scratch().file(actions, {
      ...constraints,
      ...(platform && { platform }),
      progressGroup: { id, name: this.stepName, weak: true },
    });
    const merged = merge([stage.state, layer], {
      ...constraints,
      customName: linkName,
      progressGroup: { id, name: this.stepName },
    });
    stage.state = stage.state.withOutput(merged.output);
  }

  #copy(from: State, path: string, options: CopyOptions): void {
    const all = { ...this.#common, ...options };
    this.#actions = this.#actions
      ? this.#actions.copy(from, path, this.#destination, all)
      : copy(from, path, this.#destination, all);
  }
}

/** Warns of a source that the ignore file keeps away. With exceptions in it, that is for the build to find out. */
export function warnOfIgnored(verb: 'Copy' | 'Add', source: string, stage: Stage): void {
  const { ignored } = stage.conversion;
  if (!ignored || ignored.hasExceptions) return;
  const path = cleanPath(source);
  const everything = ignored.patterns.some(({ text }) => text === '*' || text === '**' || text === '**/*');
  if ((path === '.' || path === '/') && !everything) return;
  if (!ignored.matches(path)) return;
  stage.warn('CopyIgnoredFile', `Attempting to ${verb} file ${JSON.stringify(path)} that is excluded by .dockerignore`);
}

function destinationPath(path: string, stage: Stage): string {
  const { os } = stage;
  const { dir } = stage.state.settings;
  return absolutePath(dir, path === '' || path === '.' ? './' : path, os, true);
}
