import { columns } from './columns.ts';
import type { Location } from './location.ts';
import { answerMetadata, subrequest } from './subrequest.ts';

export const outlineRequest = subrequest('frontend.outline', {
  description: 'List all parameters current build target supports',
  opts: [{ name: 'target', description: 'Target build stage' }],
});

/** What a target takes from its caller. Lists that are empty are left out. */
export interface Outline {
  readonly name?: string;
  readonly description?: string;
  readonly args?: readonly OutlineArg[];
  readonly secrets?: readonly OutlineLoan[];
  readonly ssh?: readonly OutlineLoan[];
  readonly cache?: readonly OutlineCache[];
  /** Texts, in base64. */
  readonly sources?: readonly string[];
}

export interface OutlineArg {
  readonly name: string;
  readonly description?: string;
  /** As given, or the default. */
  readonly value?: string;
  readonly location?: Location;
}

/** A secret, or agents and keys for ssh. */
export interface OutlineLoan {
  readonly name: string;
  readonly required?: true;
  readonly location?: Location;
}

export interface OutlineCache {
  readonly ID: string;
  readonly location?: Location;
}

export function outlineMetadata(outline: Outline): Readonly<Record<string, string>> {
  return answerMetadata(outlineRequest, { value: outline, text: outlineText(outline) });
}

/** The outline for people: a table of each kind that there is. */
export function outlineText({ name = '', description = '', args = [], secrets = [], ssh = [] }: Outline): string {
  const tables: string[] = [];
  if (name !== '' || description !== '') {
    const rows = [['TARGET:', name || '(default)'], ...(description === '' ? [] : [['DESCRIPTION:', description]])];
    tables.push(columns(rows, 1));
  }
  if (args.length > 0) {
    const rows = args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']);
    tables.push(columns([['BUILD ARG', 'VALUE', 'DESCRIPTION'], ...rows], 3));
  }
  for (const [heading, loans] of [['SECRET', secrets] as const, ['SSH', ssh] as const]) {
    if (loans.length === 0) continue;
    const rows = loans.map((loan) => [loan.name, loan.required ? 'true' : '']);
    tables.push(columns([[heading, 'REQUIRED'], ...rows], 3));
  }
  return tables.map((table) => `${table}\n`).join('');
}
