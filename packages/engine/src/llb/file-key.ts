import { digestOf } from '../oci/digest.ts';
import { compareUtf8 } from '../proto/utf8.ts';
import { hasWildcards } from '../std/glob.ts';
import type { DepKey } from './cache-key.ts';
import { outermost, type ContentSelector } from './content-selector.ts';
import type { FileAction } from './file-action.ts';
import type { FileOp } from './file.ts';
import { goJson, type GoValue } from './go-json.ts';
import { invalid } from './invalid.ts';
import { actionBodyJson } from './json.ts';
import type { Owner } from './owner.ts';
import { basePath } from './path.ts';

/** The actions as they are keyed, and their places unless those are what they nearly always are. */
export function keyedActions(op: FileOp): { readonly Actions: GoValue; readonly indexes?: GoValue } {
  const Actions = op.actions.map((action) => Buffer.from(goJson(actionBodyJson(keyed(action, op.inputs.length)))));
  if (areUsual(op.actions)) return { Actions };
  return { Actions, indexes: op.actions.map(({ input, secondaryInput, output }) => [input, secondaryInput, output]) };
}

/** Of what a copy reads from an input its name matters, for the rest there is the selector. */
function keyed(action: FileAction, inputs: number): FileAction {
  if (action.kind !== 'copy' || action.secondaryInput === -1 || action.secondaryInput >= inputs) return action;
  return { ...action, src: basePath(action.src) };
}

/** Places were not part of the key once; a row of actions from the first input to one output still leaves them out. */
function areUsual(actions: readonly FileAction[]): boolean {
  const count = actions.length;
  return actions.every(
    ({ input, secondaryInput, output }, i) =>
      input === (i === 0 ? 0 : count + i - 1) &&
      (secondaryInput === -1 || secondaryInput === 1) &&
      output === (i === count - 1 ? 0 : -1),
  );
}

/** How the inputs of a file op enter its key: by the content of what is read, unless the input is changed as well. */
export function fileDeps(op: FileOp): readonly DepKey[] {
  const read = new Map<number, ContentSelector[]>();
  const changed = new Set<number>();
  const select = (index: number, selector: ContentSelector) => {
    if (index < 0 || index >= op.inputs.length) {
      throw invalid(`a file action reads input ${index}, which the op does not have`);
    }
    const selectors = read.get(index);
    if (selectors) selectors.push(selector);
    else read.set(index, [selector]);
  };
  for (const action of op.actions) {
    changed.add(action.input);
    // BuildKit forgets the owner of a link.
    if (action.kind !== 'rm' && action.kind !== 'symlink') selectNames(action.owner, select);
    if (action.kind !== 'copy' || action.secondaryInput === -1 || action.secondaryInput >= op.inputs.length) continue;
    select(action.secondaryInput, {
      path: action.src,
      ...(action.followSymlink && { followLinks: true }),
      ...(action.allowWildcard && hasWildcards(action.src) && { wildcard: true }),
      ...(action.include.length > 0 && { include: action.include }),
      ...(action.exclude.length > 0 && { exclude: action.exclude }),
      ...(action.requiredPaths.length > 0 && { requiredPaths: action.requiredPaths }),
    });
  }
  return op.inputs.map((_, index): DepKey => {
    const selectors = read.get(index);
    if (!selectors || changed.has(index)) return {};
    const paths = selectors.map(({ path }) => path).sort(compareUtf8);
    return { selector: digestOf(paths.reverse().join('\0')), content: merged(selectors) };
  });
}

/** A name counts by the file that it is looked up in. */
function selectNames(owner: Owner | undefined, select: (index: number, selector: ContentSelector) => void): void {
  const files = [
    [owner?.user, '/etc/passwd'],
    [owner?.group, '/etc/group'],
  ] as const;
  for (const [user, path] of files) {
    if (user?.kind === 'name' && user.input >= 0) select(user.input, { path, followLinks: true });
  }
}

/** Without plain paths that lie in others, by path. */
function merged(selectors: readonly ContentSelector[]): readonly ContentSelector[] {
  const special = selectors.filter(({ wildcard, include, exclude }) => wildcard || include || exclude);
  const plain = selectors.filter((selector) => !special.includes(selector));
  const paths = (follow: boolean) =>
    outermost(plain.filter(({ followLinks = false }) => followLinks === follow).map(({ path }) => path));
  return [
    ...paths(false).map((path) => ({ path })),
    ...paths(true).map((path) => ({ path, followLinks: true })),
    ...special,
  ].sort((a, b) => compareUtf8(a.path, b.path));
}
