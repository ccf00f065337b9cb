// What bake and compose files define, as `docker buildx bake --list` prints it.

import type { Workspace } from '@monokit/config';
import { goJson } from '@monokit/engine/std/go-json';
import { nearest } from '@monokit/engine/std/nearest';
import { attributes } from '../flags/assignments.ts';
import { Mistake } from '../mistake.ts';
import type { ShowInvocation } from '../tasks/defined-images.ts';
import { openWorkspace } from '../tasks/workspace.ts';

const types = ['targets', 'variables'] as const;

/** Prints the targets and groups of the workspace, or the variables of its bake files. */
export async function listDefinitions(invocation: ShowInvocation, asked: string): Promise<void> {
  const { type, format } = listOf(asked);
  const workspace = await openWorkspace(invocation, ['all'], { purpose: 'list' });
  const rows = type === 'targets' ? targetsOf(workspace) : variablesOf(workspace);
  const { stdout } = invocation;
  if (format === 'json')
    stdout.write(
      `${goJson(
        rows.map(({ json }) => json),
        { indent: true },
      )}\n`,
    );
  else
    stdout.write(
      columns([
        rows[0]?.heading ??
          (type === 'targets' ? ['TARGET', 'DESCRIPTION'] : ['VARIABLE', 'TYPE', 'VALUE', 'DESCRIPTION']),
        ...rows.map(({ cells }) => cells),
      ]),
    );
}

/** `targets`, or `type=variables,format=json`. */
function listOf(asked: string): { readonly type: (typeof types)[number]; readonly format: 'table' | 'json' } {
  const { type = '', format = 'table', ...more } = attributes('--list', asked, (field) => ['type', field]);
  const [key] = Object.keys(more);
  if (key !== undefined)
    throw new Mistake(`--list has no ${JSON.stringify(key)}`, 'write --list type=targets,format=json');
  const known = types.find((each) => each === type);
  if (!known) {
    const meant = nearest(type, types);
    throw new Mistake(
      `--list does not take ${JSON.stringify(type)}`,
      meant ? `did you mean ${meant}?` : 'it takes targets or variables',
    );
  }
  if (format !== 'table' && format !== 'json')
    throw new Mistake(`--list has no format ${JSON.stringify(format)}`, 'there is table and json');
  return { type: known, format };
}

interface Row {
  readonly heading: readonly string[];
  readonly cells: readonly string[];
  readonly json: unknown;
}

function targetsOf({ targets, groups, sources }: Workspace): readonly Row[] {
  const heading = ['TARGET', 'DESCRIPTION'];
  const ids = [...new Set([...targets.keys(), ...groups.keys()])].filter((id) => !id.startsWith('_')).sort();
  return ids.flatMap((name): readonly Row[] => {
    const target = targets.get(name);
    const group = groups.get(name);
    const rows: Row[] = [];
    if (target) {
      const { description } = target;
      rows.push({ heading, cells: [name, description ?? ''], json: { name, ...(description && { description }) } });
    }
    if (group) {
      const written = sources?.groups.find((each) => each.name === name);
      const members = [...(written?.targets ?? group)].sort().join(', ');
      const told = written?.description ? `${written.description} (${members})` : members;
      rows.push({ heading, cells: [name, told], json: { name, ...(told && { description: told }), group: true } });
    }
    return rows;
  });
}

function variablesOf({ sources, vars }: Workspace): readonly Row[] {
  const heading = ['VARIABLE', 'TYPE', 'VALUE', 'DESCRIPTION'];
  const own = Object.entries(vars).map(([name, value]) => ({
    name,
    value: String(value),
    type: undefined,
    description: undefined,
  }));
  return [...(sources?.variables ?? []), ...own]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, value, description }) => ({
      heading,
      cells: [name, type ?? '', value ?? '<null>', description ?? ''],
      json: { name, ...(description && { description }), ...(type && { type }), ...(value !== undefined && { value }) },
    }));
}

/** Columns at tab stops, as Go's tabwriter makes them: programs cut them at the tabs. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => {
    const widest = Math.max(...rows.map((row) => (row[column] ?? '').length));
    return Math.ceil((widest + 1) / 8) * 8;
  });
  return rows
    .map((row) => {
      const cells = row.map((cell, column) =>
        column === row.length - 1 ? cell : cell + '\t'.repeat(Math.ceil((widths[column]! - cell.length) / 8)),
      );
      return `${cells.join('')}\n`;
    })
    .join('');
}
