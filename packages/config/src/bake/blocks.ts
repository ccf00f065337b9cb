// The target and group blocks of bake files. A block with a matrix is several targets; attributes are evaluated one by
// one, so that targets may refer to each other's.

import { nearest } from '@monokit/engine/std/nearest';
import { ConversionError } from '../hcl/convert.ts';
import { evaluate } from '../hcl/evaluate.ts';
import { collected, HclMistake, mistake, type HclProblem, type SourceText, type Span } from '../hcl/mistake.ts';
import { scopeWith, type Scope } from '../hcl/scope.ts';
import type { Attribute, Block, Body, Expression, Step } from '../hcl/syntax.ts';
import { typeName } from '../hcl/type.ts';
import { elements, fieldsOf, isMapping, isSequence, object, text, type Value } from '../hcl/value.ts';
import { plainOf, valueOf } from './attributes.ts';
import { attributeKinds, type AttributeKind, type KindValue } from './definition.ts';

const groupKinds = { description: 'text', targets: 'texts' } as const satisfies Record<string, AttributeKind>;
const kindsOf = { target: attributeKinds, group: groupKinds } as const;

export type BlockType = keyof typeof kindsOf;

/** One target, or one group. */
export class Instance {
  readonly type: BlockType;
  readonly block: Block;
  readonly name: string;
  readonly #scope: Scope;
  readonly #values = new Map<string, { readonly plain: KindValue | undefined }>();
  readonly #asking = new Set<string>();

  constructor({
    type,
    block,
    name,
    scope,
  }: {
    readonly type: BlockType;
    readonly block: Block;
    readonly name: string;
    readonly scope: Scope;
  }) {
    this.type = type;
    this.block = block;
    this.name = name;
    this.#scope = scope;
  }

  get kinds(): Readonly<Record<string, AttributeKind>> {
    return kindsOf[this.type];
  }

  attributeOf(name: string): Attribute | undefined {
    return this.block.body.attributes.find((attribute) => attribute.name === name);
  }

  /** What an attribute holds; undefined where it isn't set or is null. Throws a `HclMistake`. */
  plain(name: string): KindValue | undefined {
    const known = this.#values.get(name);
    if (known) return known.plain;
    const attribute = this.attributeOf(name);
    if (!attribute) return undefined;
    const { source } = this.block.body;
    const { span } = attribute.expression;
    if (this.#asking.has(name)) throw mistake(source, span, `${this.type}.${this.name}.${name} needs itself`);
    this.#asking.add(name);
    try {
      const plain = plainOf(this.kinds[name]!, evaluate(attribute.expression, source, this.#scope));
      this.#values.set(name, { plain });
      return plain;
    } catch (error) {
      if (!(error instanceof ConversionError || error instanceof TypeError)) throw error;
      throw mistake(source, span, `${name} of ${this.type} ${this.name}: ${error.message.replace(/^: /, '')}`);
    } finally {
      this.#asking.delete(name);
    }
  }

  value(name: string): Value {
    return name === 'name' ? text(this.name) : valueOf(this.kinds[name]!, this.plain(name));
  }
}

export class Blocks {
  readonly #blocks: readonly { readonly type: BlockType; readonly block: Block }[];
  readonly #scope: Scope;
  #instances: readonly Instance[] | 'asking' | undefined;

  constructor(bodies: readonly Body[], scope: Scope) {
    this.#blocks = bodies.flatMap(({ blocks }) =>
      blocks.flatMap((block) => (isBlockType(block.type) ? [{ type: block.type, block }] : [])),
    );
    this.#scope = scope;
  }

  /** Every target and group, in the order of the files. Throws a `HclMistake`. */
  instances(): readonly Instance[] {
    if (this.#instances === 'asking') {
      const { block } = this.#blocks[0]!;
      throw mistake(block.body.source, block.typeSpan, 'the name or matrix of a target cannot refer to a target');
    }
    if (this.#instances) return this.#instances;
    this.#instances = 'asking';
    try {
      return (this.#instances = collected(this.#blocks, (each) => this.#expanded(each)).flat());
    } catch (error) {
      this.#instances = undefined;
      throw error;
    }
  }

  /** The value that `target.name.attribute` leads to. */
  within(
    root: string,
    steps: readonly Step[],
    { source, span }: { readonly source: SourceText; readonly span: Span },
  ): { readonly value: Value; readonly taken: number } | undefined {
    if (!isBlockType(root)) return undefined;
    const [first, second] = steps.map((step) => (step.kind === 'field' ? step.name : String(step.key.is)));
    if (first === undefined)
      throw mistake(source, span, `${root} is not a value by itself`, `write ${root}.NAME.ATTRIBUTE`);
    const all = this.instances().filter(({ type }) => type === root);
    const found = all.findLast(({ name }) => name === first);
    if (!found) {
      const meant = nearest(
        first,
        all.map(({ name }) => name),
      );
      throw mistake(source, span, `there is no ${root} ${first}`, meant && `did you mean ${root}.${meant}?`);
    }
    const names = ['name', ...Object.keys(found.kinds)];
    if (second === undefined)
      return { value: object(names.map((name): [string, Value] => [name, found.value(name)])), taken: 1 };
    if (names.includes(second)) return { value: found.value(second), taken: 2 };
    const meant = nearest(second, names);
    throw mistake(source, span, `a ${root} has no ${second}`, meant && `did you mean ${meant}?`);
  }

  #expanded({ type, block }: { readonly type: BlockType; readonly block: Block }): readonly Instance[] {
    const { source } = block.body;
    const [label, ...more] = block.labels;
    if (!label || more.length > 0)
      throw mistake(source, block.typeSpan, `a ${type} has one name: ${type} "name" { … }`);
    const complaint = nameComplaint(label.text);
    if (complaint) throw mistake(source, label.span, complaint);
    const expressions = new Map(block.body.attributes.map(({ name, expression }) => [name, expression]));
    const [matrix, name] = [expressions.get('matrix'), expressions.get('name')];
    if (type === 'group') {
      const wrong = matrix ?? name;
      if (wrong) throw mistake(source, wrong.span, `a group has no ${matrix ? 'matrix' : 'name'}`);
    }
    if (!matrix) {
      if (name) throw mistake(source, name.span, 'only a target with a matrix has a name beside its label');
      return [new Instance({ type, block, name: label.text, scope: this.#scope })];
    }
    const made = this.#cells(matrix, source).map((cell) => {
      const scope = cell.size === 0 ? this.#scope : scopeWith(this.#scope, cell);
      return new Instance({ type, block, name: name ? nameFrom(name, source, scope) : label.text, scope });
    });
    const names = made.map((each) => each.name);
    const repeated = names.find((each, index) => names.indexOf(each) !== index);
    if (repeated === undefined) return made;
    const hint = 'write a name that has all keys of the matrix in it, such as name = "app-${tgt}"';
    throw mistake(source, (name ?? matrix).span, `two targets of the matrix have the name ${repeated}`, hint);
  }

  /** The variables of each combination of a matrix. */
  #cells(matrix: Expression, source: SourceText): readonly ReadonlyMap<string, Value>[] {
    const value = evaluate(matrix, source, this.#scope);
    if (value.is === null || !isMapping(value.type))
      throw mistake(source, matrix.span, `a matrix is an object of lists, not a ${typeName(value.type)}`);
    let cells: readonly ReadonlyMap<string, Value>[] = [new Map()];
    for (const [key, values] of fieldsOf(value)) {
      if (values.is === null || !(isSequence(values.type) || isMapping(values.type)))
        throw mistake(source, matrix.span, `${key} of the matrix must be a list, not a ${typeName(values.type)}`);
      if (cells.length * elements(values).length > mostCells)
        throw mistake(source, matrix.span, `the matrix has more than ${mostCells} combinations`);
      cells = cells.flatMap((cell) => elements(values).map((each) => new Map([...cell, [key, each]])));
    }
    return cells;
  }
}

/** Most targets that one matrix may make. */
const mostCells = 10_000;

function isBlockType(type: string): type is BlockType {
  return Object.hasOwn(kindsOf, type);
}

function nameFrom(expression: Expression, source: SourceText, scope: Scope): string {
  const plain = (() => {
    try {
      return plainOf('text', evaluate(expression, source, scope));
    } catch (error) {
      if (error instanceof ConversionError) throw mistake(source, expression.span, `the name: ${error.message}`);
      throw error;
    }
  })();
  const complaint = plain === undefined ? 'the name is null' : nameComplaint(plain);
  if (complaint) throw mistake(source, expression.span, complaint);
  return plain!;
}

function nameComplaint(name: string): string | undefined {
  if (/^[a-zA-Z0-9_-]+$/.test(name)) return undefined;
  return `${JSON.stringify(name)} is not a name: letters, digits, "_" and "-"`;
}

const topLevel = ['group', 'target', 'variable', 'function'];
const known: Readonly<Record<string, readonly string[]>> = {
  target: ['matrix', 'name', ...Object.keys(attributeKinds)],
  group: Object.keys(groupKinds),
  variable: ['default', 'type', 'description'],
  function: ['params', 'variadic_params', 'result'],
};

/** What other tools call attributes of a target. */
const synonyms: Readonly<Record<string, string>> = {
  tag: 'tags',
  outputs: 'output',
  platform: 'platforms',
  secrets: 'secret',
  cache_from: 'cache-from',
  cache_to: 'cache-to',
  no_cache: 'no-cache',
  dockerfile_inline: 'dockerfile-inline',
  additional_contexts: 'contexts',
  extra_hosts: 'extra-hosts',
  shm_size: 'shm-size',
  label: 'labels',
  stage: 'target',
  file: 'dockerfile',
};

/** Blocks and attributes that nobody knows. Throws a `HclMistake` with all of them. */
export function checkNames(body: Body): void {
  const problems: HclProblem[] = [];
  const { source } = body;
  const unknown = (span: Span, message: string, meant: string | undefined) =>
    problems.push({ message, source, span, ...(meant !== undefined && { hint: `did you mean ${meant}?` }) });
  for (const block of body.blocks) {
    const names = known[block.type];
    if (!names) {
      unknown(block.typeSpan, `there is no block ${block.type}`, nearest(block.type, topLevel));
      continue;
    }
    for (const attribute of block.body.attributes) {
      if (names.includes(attribute.name)) continue;
      const other =
        block.type === 'target' && Object.hasOwn(synonyms, attribute.name) ? synonyms[attribute.name] : undefined;
      const meant = other ?? nearest(attribute.name, names);
      unknown(attribute.nameSpan, `a ${block.type} has no attribute ${attribute.name}`, meant);
    }
    for (const inner of block.body.blocks) {
      if (block.type === 'variable' && inner.type === 'validation') continue;
      const meant = names.includes(inner.type) ? `${inner.type} = { … }` : undefined;
      unknown(inner.typeSpan, `a ${block.type} has no block ${inner.type}`, meant);
    }
  }
  if (problems.length > 0) throw new HclMistake(problems);
}
