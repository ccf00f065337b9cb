import type { Matrix, MatrixCell, MatrixValue } from './config.ts';

/**
 * The combinations of a matrix, as GitHub makes them: all of the lists; less those that `exclude` describes; each
 * `include` adds its values to the combinations whose lists it doesn't contradict, or else is one by itself.
 */
export function combinationsOf({ include = [], exclude = [], ...axes }: Matrix): readonly MatrixCell[] {
  const lists = Object.entries(axes) as [string, readonly MatrixValue[]][];
  let cells: MatrixCell[] = lists.length > 0 ? [{}] : [];
  for (const [key, values] of lists)
    cells = cells.flatMap((cell) => values.map((value) => ({ ...cell, [key]: value })));
  cells = cells.filter((cell) => !exclude.some((out) => agrees(out, cell, Object.keys(out))));

  const original = cells.map((cell) => cell);
  const added: MatrixCell[] = [];
  for (const more of include) {
    const shared = Object.keys(more).filter((key) => Object.hasOwn(axes, key));
    const fitting = original.flatMap((cell, index) => (agrees(more, cell, shared) ? [index] : []));
    for (const index of fitting) cells[index] = { ...cells[index], ...more };
    if (fitting.length === 0) added.push(more);
  }
  return [...cells, ...added];
}

/**
 * The name of a combination where none is written: the values of the lists joined (all of its values, for one that only
 * `include` made). Undefined if one of them is an object.
 */
export function nameOfCell(id: string, cell: MatrixCell, matrix: Matrix): string | undefined {
  const named = Object.keys(cell).filter((key) => Object.hasOwn(matrix, key) && key !== 'include' && key !== 'exclude');
  const values = (named.length > 0 ? named : Object.keys(cell)).map((key) => cell[key]);
  if (values.some((value) => typeof value === 'object')) return undefined;
  return [id, ...values.map((value) => String(value).replace(/[^A-Za-z0-9_.-]+/g, '-'))].join('-');
}

function agrees(some: MatrixCell, cell: MatrixCell, keys: readonly string[]): boolean {
  return keys.every((key) => same(some[key], cell[key]));
}

function same(a: MatrixValue | undefined, b: MatrixValue | undefined): boolean {
  return typeof a === 'object' ? JSON.stringify(a) === JSON.stringify(b) : a === b;
}
