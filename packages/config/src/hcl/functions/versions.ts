// Versions and constraints on them, as Masterminds' semver reads them: `1.2` is any patch of it, `~1.2.3`, `^1`, `>= 1, <
// 2`, `1.2 - 1.4`, `a || b`. A version with a pre-release fits only a constraint that has one.

import { FunctionError, type HclFunction } from '../function.ts';
import { stringOf, truth } from '../value.ts';
import { fn, texts } from './parameters.ts';

export const versionFunctions: Readonly<Record<string, HclFunction>> = {
  semvercmp: fn(texts('version', 'constraint'), (version, constraint) =>
    truth(fits(readVersion(stringOf(version!), 0), stringOf(constraint!))),
  ),
};

interface Version {
  readonly numbers: readonly [major: bigint, minor: bigint, patch: bigint];
  readonly pre: string;
}

interface Constraint {
  readonly operator: string;
  readonly version: Version;
  /** How many of its numbers are written out. */
  readonly told: 0 | 1 | 2 | 3;
}

const identifiers = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const versionPattern = new RegExp(`^v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(?:-(${identifiers}))?(?:\\+${identifiers})?$`);
const part = '[0-9xX*]+';
const loose = `v?${part}(?:\\.${part})?(?:\\.${part})?(?:-${identifiers})?(?:\\+${identifiers})?`;
const constraintPattern = new RegExp(
  `^\\s*(=>|>=|=<|<=|!=|~>|=|>|<|~|\\^|)\\s*v?(${part})(?:\\.(${part}))?(?:\\.(${part}))?(?:-(${identifiers}))?(?:\\+${identifiers})?\\s*`,
);
const rangePattern = new RegExp(`\\s*(${loose})\\s+-\\s+(${loose})\\s*`, 'g');

function readVersion(written: string, argument: number): Version {
  const found = versionPattern.exec(written);
  if (!found) throw new FunctionError(`${JSON.stringify(written)} is not a version such as 1.2.3`, argument);
  const [, major, minor = '0', patch = '0', pre = ''] = found;
  return { numbers: [BigInt(major!), BigInt(minor), BigInt(patch)], pre };
}

function fits(version: Version, written: string): boolean {
  const alternatives = written.replace(rangePattern, '>= $1, <= $2 ').split('||').map(readAll);
  return alternatives.some((all) => {
    const withPre = all.some(({ version: { pre } }) => pre !== '');
    return all.every((each) => (version.pre === '' || withPre) && satisfies(version, each));
  });
}

/** Constraints that all have to hold, separated by commas or spaces. */
function readAll(written: string): readonly Constraint[] {
  const constraints: Constraint[] = [];
  let rest = written;
  do {
    const found = constraintPattern.exec(rest);
    if (!found)
      throw new FunctionError(`${JSON.stringify(written.trim())} is not a constraint such as ">= 1.2, < 2"`, 1);
    const [whole, operator, major = '', minor = '', patch = '', pre = ''] = found;
    const any = [major, minor, patch].findIndex((each) => each === '' || /^[xX*]$/.test(each));
    const told = (any < 0 ? 3 : any) as Constraint['told'];
    const numbers = [major, minor, patch].map((each, index) => (index < told ? each : '0'));
    if (numbers.some((each) => !/^\d+$/.test(each)))
      throw new FunctionError(`${JSON.stringify(whole.trim())} is not a constraint`, 1);
    const [a, b, c] = numbers.map(BigInt) as [bigint, bigint, bigint];
    constraints.push({ operator: operator!, version: { numbers: [a, b, c], pre }, told });
    rest = rest.slice(whole.length);
    if (rest.startsWith(',')) {
      rest = rest.slice(1);
      if (rest.trim() === '') throw new FunctionError(`${JSON.stringify(written.trim())} ends in a comma`, 1);
    }
  } while (rest !== '');
  return constraints;
}

function satisfies(version: Version, { operator, version: wanted, told }: Constraint): boolean {
  const order = compare(version, wanted);
  const [major, minor, patch] = version.numbers;
  const [wantedMajor, wantedMinor, wantedPatch] = wanted.numbers;
  const dirty = told < 3;
  switch (operator) {
    case '!=':
      if (!dirty) return order !== 0;
      if (major !== wantedMajor) return true;
      if (told < 2) return false;
      if (minor !== wantedMinor) return true;
      return (version.pre !== '' || wanted.pre !== '') && version.pre !== wanted.pre;
    case '>':
      if (!dirty) return order > 0;
      if (major !== wantedMajor) return major > wantedMajor;
      return told === 2 && minor > wantedMinor;
    case '<':
      return order < 0;
    case '>=':
    case '=>':
      return order >= 0;
    case '<=':
    case '=<':
      if (!dirty) return order <= 0;
      if (major !== wantedMajor) return major < wantedMajor;
      return told < 2 || minor <= wantedMinor;
    case '^':
      if (order < 0) return false;
      if (wantedMajor > 0n || told < 2) return major === wantedMajor;
      if (major > 0n) return false;
      if (wantedMinor > 0n || told === 2) return minor === wantedMinor;
      return minor === 0n && patch === wantedPatch;
    case '~':
    case '~>':
      return tilde(version, wanted, { told, order });
    default:
      return dirty ? tilde(version, wanted, { told, order }) : order === 0;
  }
}

function tilde(
  version: Version,
  wanted: Version,
  { told, order }: { readonly told: Constraint['told']; readonly order: number },
): boolean {
  if (order < 0) return false;
  // Nothing is told: any version.
  if (told === 0 || (told === 3 && wanted.numbers.every((each) => each === 0n))) return true;
  if (version.numbers[0] !== wanted.numbers[0]) return false;
  return told < 2 || version.numbers[1] === wanted.numbers[1];
}

function compare(a: Version, b: Version): number {
  for (const [index, mine] of a.numbers.entries()) {
    const other = b.numbers[index]!;
    if (mine !== other) return mine > other ? 1 : -1;
  }
  if (a.pre === b.pre) return 0;
  if (a.pre === '') return 1;
  if (b.pre === '') return -1;
  const [mine, others] = [a.pre.split('.'), b.pre.split('.')];
  for (let i = 0; i < Math.max(mine.length, others.length); i++) {
    const order = compareIdentifiers(mine[i], others[i]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Numbers are below names, and a version that ends sooner is below one that goes on. */
function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const [x, y] = [a, b].map((each) => (/^\d+$/.test(each) ? BigInt(each) : undefined));
  if (x !== undefined && y !== undefined) return x > y ? 1 : x < y ? -1 : 0;
  if (x !== undefined) return -1;
  if (y !== undefined) return 1;
  return a > b ? 1 : -1;
}
