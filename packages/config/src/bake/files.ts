// Which files define targets, and what they define together.

import { readFileSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { formatPlatform, hostPlatform } from '@monokit/engine/oci/platform';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { HclMistake, Lines, type SourceText } from '../hcl/mistake.ts';
import type { Reads } from '../reads.ts';
import type { Definition } from './definition.ts';

/** The names that are looked for in a folder, in the order in which they are merged. */
const defaultFiles: readonly string[] = [
  'compose.yaml',
  'compose.yml',
  'docker-compose.yml',
  'docker-compose.yaml',
  'docker-bake.json',
  'docker-bake.hcl',
  'docker-bake.override.json',
  'docker-bake.override.hcl',
];

/** Whether a file is one of bake's or of Compose's, by its name or, where that says nothing, its text. */
export function isTargetFile(file: string): boolean {
  const name = basename(file);
  if (/\.hcl$/i.test(name) || /^(?:docker-)?compose(?:[.-].*)?\.ya?ml$/i.test(name)) return true;
  if (/^docker-bake(?:[.-].*)?\.json$/i.test(name)) return true;
  if (/^(?:package\.json$|\.?buildkit)/.test(name) || !/\.(?:json|ya?ml)$/i.test(name)) return false;
  const text = textOf(file) ?? '';
  if (/\.json$/i.test(name)) return /^\s*\{\s*"(?:target|group|variable|function)"\s*:/.test(text);
  return /^services\s*:/m.test(text);
}

export interface DefinitionOptions {
  /** Absolute, in order. */
  readonly files: readonly string[];
  /** The folder that paths of bake files are relative to, absolute. */
  readonly folder: string;
  /** Texts given with `--var`. */
  readonly vars: Readonly<Record<string, string>>;
  readonly env: NodeJS.ProcessEnv;
  /** Told of everything that is looked at. */
  readonly reads: Reads;
}

/** Reads files that define targets. What is wrong with them comes back as diagnostics. */
export async function readDefinition({
  files,
  folder,
  vars,
  env,
  reads,
}: DefinitionOptions): Promise<{ readonly definition?: Definition; readonly diagnostics: readonly Diagnostic[] }> {
  const diagnostics: Diagnostic[] = [];
  const variable = (name: string) => {
    reads.variable(name, env);
    return env[name];
  };
  const envAllowed = !isTrue(variable('BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP'));
  const lookUp = (name: string) => (Object.hasOwn(vars, name) ? vars[name] : envAllowed ? variable(name) : undefined);
  const relative = isTrue(variable('BUILDX_BAKE_FILE_RELATIVE_PATHS'));
  const readFile = (file: string) => {
    reads.file(file);
    return textOf(file);
  };
  const sources = files.map((file): SourceText => ({ file, text: readFile(file) ?? '' }));
  const isCompose = ({ file }: SourceText) => /\.ya?ml$/i.test(file);
  const [composes, bakes] = [sources.filter(isCompose), sources.filter((source) => !isCompose(source))];
  try {
    const composed = await (async () => {
      if (composes.length === 0) return { targets: [], groups: [] };
      const { readCompose } = await import('../compose/read.ts');
      return readCompose(composes, {
        folder: dirname(composes[0]!.file),
        world: {
          lookUp,
          readFile,
          warn: (message, { file, range }) =>
            diagnostics.push({ severity: 'warning', code: 'config/unset-variable', message, file, range }),
        },
      });
    })();
    const baked = await (async () => {
      if (bakes.length === 0) return { ...composed, variables: [], impure: new Set<string>() };
      const { readBake } = await import('./read.ts');
      // The time of a build is what it takes for now.
      const made = readBake(
        bakes,
        {
          env: { HOME: variable('HOME') },
          clock: Date.now,
          lookUp,
          builtIn: { BAKE_CMD_CONTEXT: 'cwd://', BAKE_LOCAL_PLATFORM: formatPlatform(hostPlatform()) },
          folderOf: (file) => (relative ? dirname(file) : folder),
        },
        composed.targets,
      );
      const names = new Set(made.groups.map(({ name }) => name));
      return { ...made, groups: [...made.groups, ...composed.groups.filter(({ name }) => !names.has(name))] };
    })();
    for (const name of baked.impure) reads.impure.add(`${name}() in ${files.join(', ')}`);
    const { targets, groups, variables } = baked;
    const settable = composes.length > 0 ? {} : { settable: variables.map(({ name }) => name) };
    return { definition: { files, targets, groups, variables, ...settable }, diagnostics };
  } catch (error) {
    if (error instanceof HclMistake) return { diagnostics: [...diagnostics, ...diagnosticsOf(error)] };
    throw error;
  }
}

/** The files in a folder that define targets there by themselves; looking for each of them is told. */
export function filesIn(folder: string, reads: Reads): readonly string[] {
  return defaultFiles.flatMap((name) => {
    const file = join(folder, name);
    reads.file(file);
    return statSync(file, { throwIfNoEntry: false })?.isFile() ? [file] : [];
  });
}

/** The files that `BUILDX_BAKE_FILE` names. */
export function filesOfEnv(cwd: string, env: NodeJS.ProcessEnv, reads: Reads): readonly string[] {
  for (const name of ['BUILDX_BAKE_FILE', 'BUILDX_BAKE_PATH_SEPARATOR']) reads.variable(name, env);
  const written = env.BUILDX_BAKE_FILE ?? '';
  const names = written.split(env.BUILDX_BAKE_PATH_SEPARATOR || delimiter).map((name) => name.trim());
  return names.filter((name) => name !== '').map((name) => resolve(cwd, name));
}

function diagnosticsOf({ problems }: HclMistake): readonly Diagnostic[] {
  return problems.map(({ message, hint, source, span }) => ({
    severity: 'error',
    code: 'config/bake',
    message,
    ...(hint !== undefined && { hint }),
    file: source.file,
    range: new Lines(source.text).rangeOf(span),
  }));
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function isTrue(text: string | undefined): boolean {
  return ['1', 't', 'true', 'T', 'TRUE', 'True'].includes(text?.trim() ?? '');
}
