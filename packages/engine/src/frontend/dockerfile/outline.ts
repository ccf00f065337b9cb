// What a target takes from its caller: arguments, secrets, agents and caches, its own and those of what it is built from.

import type { Range } from '../../std/diagnostic.ts';
import { firstLine, linesLocation, type Location } from '../subrequests/location.ts';
import type { Outline, OutlineLoan } from '../subrequests/outline.ts';
import type { GlobalArgs } from './args.ts';
import type { AskedArg, AskedMount } from './asked.ts';
import type { Stage } from './stage.ts';
import type { Stages } from './stages.ts';

/** The outline of a target that was converted. `data` is the Dockerfile's text. */
export function outlineOf(target: Stage, stages: Stages, { data }: { readonly data: Uint8Array }): Outline {
  const args = new Map<string, AskedArg>();
  const mounts = {
    secret: new Map<string, AskedMount>(),
    ssh: new Map<string, AskedMount>(),
    cache: new Map<string, AskedMount>(),
  };
  // A name that several stages use is told of once, as the stage nearest to the target has it.
  for (const stage of nearestFirst(target, stages)) {
    for (const arg of argsOf(stage, stage.conversion.declaredGlobals)) if (!args.has(arg.key)) args.set(arg.key, arg);
    for (const kind of ['secret', 'ssh', 'cache'] as const) {
      for (const [id, mount] of stage.asked[kind]) if (!mounts[kind].has(id)) mounts[kind].set(id, mount);
    }
  }
  const loans = (kind: 'secret' | 'ssh') =>
    sorted(
      [...mounts[kind].values()].map(({ id, required, range }): OutlineLoan & Placed => ({
        name: id,
        ...(required && { required }),
        location: place(range),
      })),
    );
  const { name = '', description = '' } = target.text?.from ?? {};
  return {
    ...(name !== '' && { name }),
    ...(description !== '' && { description }),
    ...filled(
      'args',
      sorted(
        [...args.values()].map(({ key, value, description: about, range }) => ({
          name: key,
          ...(about !== '' && { description: about }),
          ...(value && { value }),
          location: place(range),
        })),
      ),
    ),
    ...filled('secrets', loans('secret')),
    ...filled('ssh', loans('ssh')),
    ...filled('cache', sorted([...mounts.cache.values()].map(({ id, range }) => ({ ID: id, location: place(range) })))),
    sources: [Buffer.from(data).toString('base64')],
  };
}

/** A stage, what it is built on, and what it copies from or mounts, each once. */
function nearestFirst(target: Stage, stages: Stages): ReadonlySet<Stage> {
  const found = new Set<Stage>();
  const open = [target];
  for (let stage = open.pop(); stage; stage = open.pop()) {
    if (found.has(stage)) continue;
    found.add(stage);
    open.push(...stages.needsOf(stage).toReversed());
    if (stage.base) open.push(stage.base);
  }
  return found;
}

/** The arguments that a stage uses, and those that their defaults use. */
function argsOf({ asked }: Stage, globals: GlobalArgs): readonly AskedArg[] {
  const names = new Set(asked.names);
  const args: AskedArg[] = [];
  for (const name of names) {
    const own = asked.args.get(name);
    const global = globals.get(name);
    if (!own) for (const use of global?.uses ?? []) names.add(use);
    const arg = own ?? global;
    if (arg) args.push(arg);
  }
  return args;
}

interface Placed {
  readonly location: Location;
}

function place({ start, end }: Range): Location {
  return linesLocation(start.line, end.line);
}

function sorted<T extends Placed>(list: readonly T[]): readonly T[] {
  return list.toSorted((a, b) => firstLine(a.location) - firstLine(b.location));
}

function filled<K extends string, T>(key: K, list: readonly T[]): { readonly [P in K]?: readonly T[] } {
  return (list.length > 0 ? { [key]: list } : {}) as { readonly [P in K]?: readonly T[] };
}
