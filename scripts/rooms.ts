// Prints the arrows between the rooms of the engine and of the command line as the imports have them, to hold beside the
// pictures in ARCHITECTURE.md. `--check` fails on a cycle between rooms.

import { globSync, readFileSync } from 'node:fs';
import { join, relative, resolve, dirname } from 'node:path';

/** How a room needs another one: `lazy` is what only some command lines load. */
type Kind = 'code' | 'lazy' | 'types';
type Arrows = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<Kind>>>;

interface Package {
  readonly name: string;
  /** Rooms that all others may use. */
  readonly free: ReadonlySet<string>;
  /** Arrows that must not go round. */
  readonly oneWay: readonly Kind[];
}

const packages: readonly Package[] = [
  { name: 'engine', free: new Set(['std', 'oci', 'proto', 'sys', 'progress']), oneWay: ['code', 'lazy'] },
  { name: 'cli', free: new Set(['mistake.ts', 'command.ts', 'version.ts']), oneWay: ['code'] },
];

const checking = process.argv.includes('--check');
for (const { name, free, oneWay } of packages) {
  const arrows = arrowsIn(join(import.meta.dirname, `../packages/${name}/src`), free);
  if (!checking) console.log(`\n${name}`);
  for (const [from, targets] of checking ? [] : [...arrows].sort()) {
    const list = [...targets].sort().map(([to, kinds]) => shown(to, kinds));
    console.log(`${from.padEnd(20)} → ${list.join(', ')}`);
  }
  const cycle = cycleIn(arrows, oneWay);
  if (cycle) console.log(`cycle: ${cycle.join(' → ')}`);
  if (cycle && checking) process.exitCode = 1;
}

function shown(to: string, kinds: ReadonlySet<Kind>): string {
  if (kinds.has('code')) return to;
  return kinds.has('lazy') ? `${to} (lazy)` : `${to} (types)`;
}

function arrowsIn(src: string, free: ReadonlySet<string>): Arrows {
  const arrows = new Map<string, Map<string, Set<Kind>>>();
  const roomOf = (file: string): string => {
    const [first = '', ...rest] = relative(src, file).split('/');
    if (first === 'frontend' && rest[0] && !rest[0].endsWith('.ts')) return `frontend/${rest[0]}`;
    return first;
  };
  for (const file of globSync('**/*.ts', { cwd: src })) {
    if (/\.(test|fixture)\.ts$/.test(file)) continue;
    const path = join(src, file);
    const from = roomOf(path);
    for (const [, type, written, lazy] of readFileSync(path, 'utf8').matchAll(
      /^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gm,
    )) {
      const target = written ?? lazy;
      if (!target) continue;
      const to = roomOf(resolve(dirname(path), target));
      if (to === from || free.has(to) || to.startsWith('..')) continue;
      const kinds = arrows.get(from) ?? new Map<string, Set<Kind>>();
      arrows.set(from, kinds.set(to, (kinds.get(to) ?? new Set()).add(lazy ? 'lazy' : type ? 'types' : 'code')));
    }
  }
  return arrows;
}

function cycleIn(arrows: Arrows, oneWay: readonly Kind[]): string[] | undefined {
  const done = new Set<string>();
  const visit = (room: string, path: string[]): string[] | undefined => {
    if (path.includes(room)) return [...path.slice(path.indexOf(room)), room];
    if (done.has(room)) return undefined;
    for (const [to, kinds] of arrows.get(room) ?? []) {
      const found = oneWay.some((kind) => kinds.has(kind)) ? visit(to, [...path, room]) : undefined;
      if (found) return found;
    }
    done.add(room);
    return undefined;
  };
  for (const room of arrows.keys()) {
    const found = visit(room, []);
    if (found) return found;
  }
  return undefined;
}
