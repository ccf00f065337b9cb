// An image with a matrix is several.

import type { MatrixCell } from './config.ts';
import { interpolated, type Names } from './interpolate.ts';
import type { Layered } from './layers.ts';
import type { Targets } from './links.ts';
import { combinationsOf, nameOfCell } from './matrix.ts';
import type { Problem } from './problem.ts';
import { idComplaint } from './schema.ts';
import { problemAt } from './settle.ts';
import type { ResolvedTarget } from './target.ts';
import type { VariableValues } from './vars.ts';

/** One image, with its id. */
export interface Cell {
  readonly id: string;
  readonly cell?: MatrixCell;
  readonly layered: Layered;
}

/** An image with its texts filled in, for each combination of its matrix. */
export function cellsOf(
  image: string,
  whole: Layered,
  vars: VariableValues,
  report: (problem: Problem) => void,
): readonly Cell[] {
  const { matrix, name } = whole.image;
  const filled = (id: string, names: Names): Layered => ({
    image: interpolated(whole.image, { image: id, ...names }, ({ path = [], ...problem }) => {
      report({ ...problemAt(path, { origins: whole.origins, id, message: problem.message }), ...problem });
    }),
    origins: whole.origins,
  });
  if (!matrix) {
    if (name !== undefined) {
      const message = `${image}: name is for the images of a matrix; this one's id is its key in images`;
      report({ code: 'config/name', path: ['images', image, 'name'], message });
    }
    return [{ id: image, layered: filled(image, vars) }];
  }
  const path = ['images', image, 'matrix'];
  const atMatrix = (problem: Problem) => report({ ...problem, path: [...path, ...(problem.path ?? [])] });
  const cells = combinationsOf(interpolated(matrix, vars, atMatrix));
  if (cells.length === 0) {
    report({ code: 'config/empty-matrix', path, message: `the matrix of ${image} has no combination` });
  }
  return cells.flatMap((cell): Cell[] => {
    const names = { ...vars, ...cell };
    const atName = (problem: Problem) => report({ ...problem, path: ['images', image, 'name'] });
    const id = name === undefined ? nameOfCell(image, cell, matrix) : interpolated(name, names, atName);
    if (id === undefined) {
      const example = `${image}-\${${Object.keys(cell)[0]}.name}`;
      report({
        code: 'config/name',
        path,
        message: `${image}: a matrix of objects needs a name, such as '${example}'`,
      });
      return [];
    }
    const complaint = idComplaint(id);
    if (complaint) {
      report({
        code: 'config/name',
        path: ['images', image, name === undefined ? 'matrix' : 'name'],
        message: complaint,
      });
    }
    return [{ id, cell, layered: filled(id, names) }];
  });
}

/** Targets by id; two of one id are a problem. */
export function uniqueById(expanded: readonly ResolvedTarget[], report: (problem: Problem) => void): Targets {
  const targets = new Map<string, ResolvedTarget>();
  for (const target of expanded) {
    const other = targets.get(target.id);
    if (!other) {
      targets.set(target.id, target);
      continue;
    }
    const message =
      other.image === target.image
        ? `two combinations of the matrix of ${target.image} have the name ${target.id}`
        : `${target.id} is the name of an image, and of one in the matrix of ${target.cell ? target.image : other.image}`;
    const key = target.cell ? target.image : other.image;
    report({
      code: 'config/duplicate-id',
      path: ['images', key, 'matrix'],
      message,
      hint: 'write a name that has all keys of the matrix in it',
    });
  }
  return targets;
}
