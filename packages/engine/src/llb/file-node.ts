import type { Constraints } from './constraints.ts';
import type { FileAction } from './file-action.ts';
import type { ActionStep, BoundActions, CopyOptions, CreatedTime, FileActions, OwnerOption } from './file-actions.ts';
import type { FileOp } from './file.ts';
import { Inputs } from './inputs.ts';
import { workersOf, type Made, type Making, type Node, type Output } from './node.ts';
import type { Owner, UserRef } from './owner.ts';
import { cleanPath, joinPath } from './path.ts';
import { resolveSettings, type SettingsChain } from './settings.ts';
import type { State } from './state.ts';

/** File actions on a state as a node. */
export class FileNode implements Node {
  readonly inputs: readonly Output[];
  readonly constraints: Constraints;
  readonly chains: readonly SettingsChain[];
  readonly #root: BoundActions;

  constructor(base: State, actions: FileActions, constraints: Constraints) {
    this.#root = actions.on(base);
    this.constraints = constraints;
    const inputs = new Set<Output>();
    const chains = new Set<SettingsChain>();
    collect(this.#root, inputs, chains);
    this.inputs = [...inputs];
    this.chains = [...chains];
  }

  make(making: Making): Made {
    const actions = new Actions(making);
    actions.add(this.#root);
    // Neither the machine nor, in BuildKit's client, the kind of action is in what a file op asks for.
    const op: FileOp = {
      kind: 'file',
      inputs: actions.inputs.edges,
      workers: workersOf(this, making),
      actions: actions.finish(),
    };
    return { kind: 'op', op, capabilities: ['file.base'] };
  }
}

/** What the actions read, the last action's first: BuildKit's order of a definition hangs on it. */
function collect({ actions, state }: BoundActions, inputs: Set<Output>, chains: Set<SettingsChain>): void {
  chains.add(state.chain);
  for (let at: FileActions | undefined = actions; at; at = at.before) {
    if (state.output) inputs.add(state.output);
    if (at.step.kind !== 'copy') continue;
    const { from } = at.step;
    if (isBound(from)) collect(from, inputs, chains);
    else {
      chains.add(from.chain);
      if (from.output) inputs.add(from.output);
    }
  }
}

function isBound(from: State | BoundActions): from is BoundActions {
  return 'kind' in from;
}

/** An index of an input, or of an action's result counted from the first action. */
type Place = { readonly kind: 'input'; readonly index: number } | { readonly kind: 'result'; readonly index: number };

interface PlacedAction {
  readonly step: ActionStep;
  readonly input: Place;
  readonly secondary: Place;
  /** Index of the input whose /etc/passwd names users. */
  readonly base: number;
  readonly dir: string;
}

/** Puts chains of actions, and the chains that they copy from, into one row. */
class Actions {
  readonly inputs: Inputs;
  readonly #making: Making;
  readonly #row: PlacedAction[] = [];
  readonly #results = new Map<BoundActions, number>();

  constructor(making: Making) {
    this.#making = making;
    this.inputs = new Inputs(making);
  }

  /** Adds a chain once; gives the index of its last action. */
  add(bound: BoundActions): number {
    const known = this.#results.get(bound);
    if (known !== undefined) return known;
    const { dir } = resolveSettings(bound.state.chain, this.#making);
    let input: Place | undefined;
    for (const step of steps(bound.actions)) {
      const base = this.inputs.add(bound.state.output);
      input ??= { kind: 'input', index: base };
      const secondary = this.#secondary(step);
      this.#row.push({ step, input, secondary, base, dir });
      input = { kind: 'result', index: this.#row.length - 1 };
    }
    const last = this.#row.length - 1;
    this.#results.set(bound, last);
    return last;
  }

  finish(): readonly FileAction[] {
    const count = this.inputs.edges.length;
    const index = (place: Place) => (place.kind === 'input' ? place.index : count + place.index);
    return this.#row.map(({ step, input, secondary, base, dir }, i) => ({
      input: index(input),
      secondaryInput: index(secondary),
      output: i === this.#row.length - 1 ? 0 : -1,
      ...this.#action(step, base, dir),
    }));
  }

  #secondary(step: ActionStep): Place {
    if (step.kind !== 'copy') return { kind: 'input', index: -1 };
    if (isBound(step.from)) return { kind: 'result', index: this.add(step.from) };
    return { kind: 'input', index: this.inputs.add(step.from.output) };
  }

  #action(step: ActionStep, base: number, dir: string) {
    switch (step.kind) {
      case 'mkdir': {
        const { mode = 0o755, parents = false, owner, createdTime } = step.options;
        const path = absolute(dir, step.path);
        return {
          kind: step.kind,
          path,
          mode: mode & 0o777,
          makeParents: parents,
          ...ownerOf(owner, base),
          timestamp: nanoseconds(createdTime),
        };
      }
      case 'mkfile': {
        const { mode = 0o644, owner, createdTime } = step.options;
        const data = typeof step.data === 'string' ? Buffer.from(step.data) : step.data;
        return {
          kind: step.kind,
          path: absolute(dir, step.path),
          mode: mode & 0o777,
          data,
          ...ownerOf(owner, base),
          timestamp: nanoseconds(createdTime),
        };
      }
      case 'symlink': {
        const { oldpath, newpath, options } = step;
        const timestamp = nanoseconds(options.createdTime);
        return { kind: step.kind, oldpath, newpath, ...ownerOf(options.owner, base), timestamp };
      }
      case 'rm': {
        const { allowNotFound = false, allowWildcard = false } = step.options;
        return { kind: step.kind, path: absolute(dir, step.path), allowNotFound, allowWildcard };
      }
      case 'copy': {
        const from = isBound(step.from) ? step.from.state : step.from;
        const src = cleanPath(step.src);
        const fromDir = src.startsWith('/') ? '/' : resolveSettings(from.chain, this.#making).dir;
        return {
          kind: step.kind,
          src: joinPath(fromDir, src),
          dest: destination(dir, step.dest),
          ...copyDetails(step.options, base),
        };
      }
    }
  }
}

/** The steps of a chain, first to last. */
function steps(actions: FileActions): readonly ActionStep[] {
  const row: ActionStep[] = [];
  for (let at: FileActions | undefined = actions; at; at = at.before) row.push(at.step);
  return row.reverse();
}

function copyDetails(options: CopyOptions, base: number) {
  const { mode } = options;
  return {
    ...ownerOf(options.owner, base),
    mode: typeof mode === 'number' ? mode : mode === undefined ? -1 : 0,
    modeText: typeof mode === 'string' ? mode : '',
    followSymlink: options.followSymlinks ?? false,
    dirCopyContents: options.dirContentsOnly ?? false,
    unpackArchives: options.unpack ?? false,
    createDestPath: options.createDestPath ?? false,
    allowWildcard: options.allowWildcard ?? false,
    allowEmptyWildcard: options.allowEmptyWildcard ?? false,
    timestamp: nanoseconds(options.createdTime),
    include: options.include ?? [],
    exclude: options.exclude ?? [],
    alwaysReplaceExistingDestPaths: options.alwaysReplaceExisting ?? false,
    requiredPaths: options.requiredPaths ?? [],
  };
}

function absolute(dir: string, path: string): string {
  const clean = cleanPath(path);
  return clean.startsWith('/') ? clean : joinPath('/', dir, clean);
}

/** As `absolute`, but a `/` or `/.` at the end stays: it says that the destination is a folder. */
function destination(dir: string, path: string): string {
  const clean = absolute(dir, path);
  if (path.endsWith('/')) return clean.endsWith('/') ? clean : `${clean}/`;
  if (path.endsWith('/.')) return clean === '/' ? '/.' : `${clean}/.`;
  return clean;
}

function nanoseconds(time: CreatedTime | undefined): bigint {
  if (time === undefined) return -1n;
  return typeof time === 'bigint' ? time : BigInt(time.getTime()) * 1_000_000n;
}

function ownerOf(option: OwnerOption | undefined, base: number): { readonly owner?: Owner } {
  if (option === undefined) return {};
  const { user, group } = typeof option === 'string' ? splitOwner(option) : option;
  return {
    owner: {
      ...(user !== undefined && { user: userRef(user, base) }),
      ...(group !== undefined && { group: userRef(group, base) }),
    },
  };
}

function splitOwner(text: string): { readonly user: string; readonly group?: string } {
  const colon = text.indexOf(':');
  return colon < 0 ? { user: text } : { user: text.slice(0, colon), group: text.slice(colon + 1) };
}

/** `root` and 32-bit decimals are numbers, '' is 0, everything else is a name. */
function userRef(user: number | string, base: number): UserRef {
  if (user === 'root' || user === '') return { kind: 'id', id: 0 };
  const id = typeof user === 'number' ? user : /^[+-]?[0-9]+$/.test(user) ? Number(user) : Number.NaN;
  if (id === (id | 0) || (typeof user === 'number' && id === id >>> 0)) return { kind: 'id', id: id >>> 0 };
  return { kind: 'name', name: String(user), input: base };
}
