// SOURCE_DATE_EPOCH: a number, or the name of something that has a date.

import type { EnvList } from '../../llb/env.ts';
import { git } from '../../llb/sources.ts';
import type { State } from '../../llb/state.ts';
import type { Platform } from '../../oci/platform.ts';
import type { MainContext, Surroundings } from './context.ts';
import { mistake, placed } from './failure.ts';
import { gitOptions, readGitReference } from './git-reference.ts';
import { agreed, isWebAddress, webFile, type Add } from './instructions/add.ts';
import { findNamedContext, loadNamedContext } from './named-context.ts';
import type { StageText } from './stage.ts';
import { expand } from './words.ts';

export const epochArg = 'SOURCE_DATE_EPOCH';

/**
 * The value of SOURCE_DATE_EPOCH as Unix seconds: a whole number, `context`, a named context, or a stage that is
 * nothing but one remote ADD. Undefined if it is empty, or if what it names has no date.
 */
export async function resolveEpoch(
  value: string,
  about: {
    readonly context: MainContext;
    readonly stages: readonly StageText[];
    readonly globalArgs: EnvList;
    readonly escape: string;
    readonly platform: Platform;
  },
  surroundings: Surroundings,
): Promise<number | undefined> {
  if (value === '') return undefined;
  if (/^[+-]?\d+$/.test(value)) {
    const seconds = Number(value);
    // A Date ends here, and so does what Go reads into an image config.
    if (Math.abs(seconds) > 8.64e12 || seconds < 0) throw invalidEpoch(value, []);
    return seconds;
  }
  const { bridge, options, uniqueId } = surroundings;
  if (value === 'context') {
    const origin = await about.context.origin();
    return origin && bridge.changedAt(origin);
  }
  const context = findNamedContext(value, about.platform, options.contexts);
  const dated = async (state: State) => bridge.changedAt(await state.marshal({ localUniqueId: uniqueId }));
  if (context) {
    const use = { platform: about.platform, paths: () => new Set<string>() };
    return dated((await loadNamedContext(context, use, surroundings)).state);
  }
  const stage = about.stages.find(({ from }) => from.name !== '' && from.name === value.toLowerCase());
  if (!stage) throw invalidEpoch(value, [...about.stages.map(({ from }) => from.name), ...options.contexts.keys()]);
  return dated(placed(stage.from.node.range, () => remoteOf(stage, about, options.buildArgs)));
}

function invalidEpoch(value: string, names: readonly string[]) {
  return mistake(`invalid ${epochArg}: ${value}`, {
    token: value,
    nearTo: { word: value, candidates: ['context', ...names] },
    hint: 'it is a number of seconds, context, a named context, or a stage that is one remote ADD',
  });
}

/** What a stage of `FROM scratch`, ARGs and one remote ADD fetches. */
function remoteOf(
  { from, instructions }: StageText,
  about: { readonly globalArgs: EnvList; readonly escape: string },
  buildArgs: ReadonlyMap<string, string>,
): State {
  const { escape } = about;
  let args = about.globalArgs.delete(epochArg);
  if (expand(from.base, args, { escape }).text !== 'scratch') throw mistake(`${epochArg} stage must use FROM scratch`);
  let found: State | undefined;
  const several = () => mistake(`${epochArg} stage must contain exactly one remote ADD`);
  for (const instruction of instructions) {
    if (instruction.kind === 'arg') {
      for (const { key, value: written } of instruction.declared) {
        const value =
          buildArgs.get(key) ?? (written === undefined ? undefined : expand(written, args, { escape }).text);
        if (value !== undefined) args = args.set(key, value);
      }
    } else if (instruction.kind === 'add') {
      if (found) throw several();
      found = fetched(instruction, (word) => expand(word, args, { escape }).text);
    } else {
      const name = instruction.node.keyword;
      throw mistake(`${epochArg} stage does not meet source-only requirements: unsupported ${name} instruction`);
    }
  }
  if (!found) throw several();
  return found;
}

function fetched({ operands, checksum, keepGitDir }: Add, expanded: (word: string) => string): State {
  const [only, ...more] = operands.sources;
  if (only === undefined || more.length > 0 || operands.documents.length > 0) {
    throw mistake(`${epochArg} stage must contain exactly one remote ADD source`);
  }
  const source = expanded(only);
  if (isWebAddress(source)) return webFile(source, expanded(checksum))[0];
  const repository = readGitReference(source);
  if (!repository || repository.maybePath)
    throw mistake(`${epochArg} stage source must be a single HTTP(S) or Git ADD`);
  return git(repository.remote, gitOptions(agreed(repository, expanded(checksum), keepGitDir)));
}
