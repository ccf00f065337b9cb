// Prints the arrows between the engine's rooms as the imports have them, to hold beside the picture in ARCHITECTURE.md.
// `--check` fails on a cycle between rooms.
import { globSync, readFileSync } from 'node:fs';
import { join, relative, resolve, dirname } from 'node:path';

const src = join(import.meta.dirname, '../packages/engine/src');
const free = new Set(['std', 'oci', 'proto', 'sys', 'progress']);
const arrows = new Map<string, Map<string, Set<string>>>();

const roomOf = (file: string): string => {
  const [first = '', ...rest] = relative(src, file).split('/');
  if (first === 'frontend' && rest[0] && !rest[0].endsWith('.ts')) return `frontend/${rest[0]}`;
  return first;
};

for (const file of globSync('**/*.ts', { cwd: src })) {
  if (file.endsWith('.test.ts')) continue;
  const path = join(src, file);
  const from = roomOf(path);
  for (const [, type, written, lazy] of readFileSync(path, 'utf8').matchAll(
    /^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gm,
  )) {
    const target = written ?? lazy;
    if (!target) continue;
    const to = roomOf(resolve(dirname(path), target));
    if (to === from || free.has(to) || to.startsWith('..')) continue;
    const kinds = arrows.get(from) ?? new Map<string, Set<string>>();
    arrows.set(from, kinds.set(to, (kinds.get(to) ?? new Set()).add(type ? 'types' : 'code')));
  }
}

const checking = process.argv.includes('--check');
for (const [from, targets] of checking ? [] : [...arrows].sort()) {
  const list = [...targets].sort().map(([to, kinds]) => (kinds.has('code') ? to : `${to} (types)`));
  console.log(`${from.padEnd(20)} → ${list.join(', ')}`);
}

const cycle = findCycle();
if (cycle) console.log(`cycle: ${cycle.join(' → ')}`);
if (cycle && checking) process.exitCode = 1;

function findCycle(): string[] | undefined {
  const done = new Set<string>();
  const visit = (room: string, path: string[]): string[] | undefined => {
    if (path.includes(room)) return [...path.slice(path.indexOf(room)), room];
    if (done.has(room)) return undefined;
    for (const [to, kinds] of arrows.get(room) ?? []) {
      const found = kinds.has('code') ? visit(to, [...path, room]) : undefined;
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
