// Nodes → stages of typed instructions, and what rules say of the text as it stands.

import type { Failed } from '../../std/failed.ts';
import type { Checks } from './checks.ts';
import { isMistake, mistake, withPlace, type Mistake } from './failure.ts';
import { plainWords } from './forms.ts';
import { readInstruction } from './instruction.ts';
import type { Arg } from './instructions/arg.ts';
import type { From } from './instructions/from.ts';
import type { Node, Parsed } from './parse.ts';
import type { StageText } from './stage.ts';

/** A Dockerfile, read. */
export interface Program {
  /** ARGs before the first FROM. */
  readonly globalArgs: readonly Arg[];
  readonly stages: readonly StageText[];
  /** Everything wrong that was found; the rest is then incomplete. */
  readonly mistakes: readonly Failed<Mistake>[];
}

/** Reads all instructions, going on after a mistake so that people see all of them at once. */
export function readProgram(parsed: Parsed): Program {
  const globalArgs: Arg[] = [];
  const stages: { from: From; instructions: StageText['instructions'][number][] }[] = [];
  const mistakes = [...parsed.mistakes];
  let lost = false; // a FROM that could not be read makes no "no build stage" of all that follows
  for (const node of parsed.nodes) {
    try {
      const instruction = readInstruction(node);
      if (instruction.kind === 'from') stages.push({ from: instruction, instructions: [] });
      else if (stages.length > 0) stages.at(-1)!.instructions.push(instruction);
      else if (instruction.kind === 'arg') globalArgs.push(instruction);
      else if (!lost) {
        lost = true;
        throw mistake('no build stage in current context: a Dockerfile begins with FROM', { token: node.keyword });
      }
    } catch (error) {
      const told = withPlace(error, node.range);
      if (!isMistake(told)) throw told;
      mistakes.push(told);
      if (node.keyword.toLowerCase() === 'from') lost = true;
    }
  }
  if (stages.length === 0 && mistakes.length === 0) {
    const { range } = parsed.nodes.at(-1)!;
    mistakes.push(mistake('dockerfile contains no stages to build: a FROM is missing', { range }));
  }
  return { globalArgs, stages, mistakes };
}

/**
 * What rules say of a text before any variable has a value. Of a text with mistakes they say, as BuildKit's do, only what
 * stands before the first one; and nothing if the text could not even be split into instructions.
 */
export function checkText(parsed: Parsed, program: Program, checks: Checks): void {
  if (parsed.mistakes.length > 0) return;
  for (const line of parsed.emptyContinuations) {
    const range = { start: { line, column: 1 }, end: { line, column: 1 } };
    checks.warn('NoEmptyContinuation', 'Empty continuation line', range);
  }
  const broken = program.mistakes[0]?.failure.places?.[0]?.start.line ?? Infinity;
  for (const node of parsed.nodes) if (node.range.start.line <= broken) checkNode(node, checks);
  const instructions = program.stages.flatMap((stage) => [stage.from, ...stage.instructions]);
  for (const instruction of [...program.globalArgs, ...instructions]) {
    const { kind, node } = instruction;
    if (node.range.start.line >= broken) break;
    if (kind === 'arg') {
      const names = instruction.declared.map(({ key }) => key);
      checkDescription('ARG', node, names, checks);
    } else if (kind === 'from' && instruction.name !== '') checkDescription('FROM', node, [instruction.name], checks);
  }
  if (program.mistakes.length > 0) return;
  checkNames(program, checks);
  checkCasing(
    instructions.map(({ node }) => node),
    checks,
  );
}

/** What is told of an instruction even if it can't be read. */
function checkNode(node: Node, checks: Checks): void {
  const { keyword } = node;
  const warn = (rule: Parameters<Checks['warn']>[0], message: string) =>
    checks.warn(rule, message, node.range, node.comments);
  if (keyword.toLowerCase() === 'maintainer') {
    warn('MaintainerDeprecated', 'Maintainer instruction is deprecated in favor of using label');
  }
  if (keyword.toLowerCase() !== 'from') return;
  const [, as, name, ...more] = plainWords(node.rest);
  if (as === undefined || name === undefined || more.length > 0) return;
  if (name !== name.toLowerCase()) warn('StageNameCasing', `Stage name '${name}' should be lowercase`);
  const fits = keyword === keyword.toLowerCase() ? as.toLowerCase() : as.toUpperCase();
  if (consistent(keyword) && as !== fits)
    warn('FromAsCasing', `'${as}' and '${keyword}' keywords' casing do not match`);
}

function checkNames({ stages }: Program, checks: Checks): void {
  const names = new Set<string>();
  for (const { from } of stages) {
    const { name, node } = from;
    const warn = (rule: Parameters<Checks['warn']>[0], message: string) =>
      checks.warn(rule, message, node.range, node.comments);
    if (name === 'context' || name === 'scratch') {
      warn('ReservedStageName', `Stage name should not use the same name as reserved stage "${name}"`);
    }
    if (names.has(name)) warn('DuplicateStageName', `Duplicate stage name "${name}", stage names should be unique`);
    if (name !== '') names.add(name);
  }
}

/** The last comment line above should describe what is defined. */
function checkDescription(instruction: string, node: Node, names: readonly string[], checks: Checks): void {
  const comment = node.comments.at(-1);
  if (comment === undefined || names.length === 0 || names.includes(comment.split(' ')[0]!)) return;
  const name = names.length > 1 ? '<arg_key>' : names[0];
  const message = `Comment for ${instruction} should follow the format: \`# ${name} <description>\``;
  checks.warn('InvalidDefinitionDescription', message, node.range, node.comments);
}

function checkCasing(nodes: readonly Node[], checks: Checks): void {
  const keywords = nodes.map(({ keyword }) => keyword).filter(consistent);
  const lower = keywords.filter((keyword) => keyword === keyword.toLowerCase()).length;
  const majority = lower > keywords.length - lower ? 'lowercase' : 'uppercase';
  for (const { keyword, range, comments } of nodes) {
    const wanted = majority === 'lowercase' ? keyword.toLowerCase() : keyword.toUpperCase();
    if (keyword === wanted) continue;
    const message = `Command '${keyword}' should match the case of the command majority (${majority})`;
    checks.warn('ConsistentInstructionCasing', message, range, comments);
  }
}

function consistent(keyword: string): boolean {
  return keyword === keyword.toLowerCase() || keyword === keyword.toUpperCase();
}
