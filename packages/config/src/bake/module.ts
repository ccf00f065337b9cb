// Bake files evaluated together. Variables, functions and attributes of targets are evaluated when somebody asks for
// them, so they may refer to each other in any order, from any file.

import { ConversionError, convert } from '../hcl/convert.ts';
import { evaluate } from '../hcl/evaluate.ts';
import type { HclForm, HclFunction } from '../hcl/function.ts';
import { impureFunctions, standardFunctions, type World } from '../hcl/functions/standard.ts';
import { collected, mistake, type SourceText, type Span } from '../hcl/mistake.ts';
import { parseSingleExpression } from '../hcl/parse.ts';
import { scopeWith, type Scope } from '../hcl/scope.ts';
import { keywordOf, type Attribute, type Block, type Body, type Expression } from '../hcl/syntax.ts';
import { any } from '../hcl/type.ts';
import { text, tuple, type Value } from '../hcl/value.ts';
import { Blocks } from './blocks.ts';
import { overriddenValue, type Variable, variableFrom } from './variables.ts';

export interface ModuleOptions extends World {
  /** Texts of variables, from the command line or the environment. */
  readonly lookUp: (name: string) => string | undefined;
  /** Variables that are there without being declared. */
  readonly builtIn: Readonly<Record<string, string>>;
}

export class Module implements Scope {
  /** Functions called whose results are others each time. */
  readonly impure = new Set<string>();
  readonly variables = new Map<string, Variable>();
  readonly blocks: Blocks;
  readonly #attributes = new Map<string, { readonly attribute: Attribute; readonly source: SourceText }>();
  readonly #functions = new Map<string, Block>();
  readonly #standard: Readonly<Record<string, HclFunction | HclForm>>;
  readonly #options: ModuleOptions;
  readonly #values = new Map<string, Value>();
  /** Names whose values are being found out, in the order in which they were asked for. */
  readonly #asking: string[] = [];

  constructor(bodies: readonly Body[], options: ModuleOptions) {
    this.#options = options;
    this.#standard = standardFunctions(options);
    for (const body of bodies) {
      for (const attribute of body.attributes) this.#attributes.set(attribute.name, { attribute, source: body.source });
      for (const block of body.blocks) {
        const name = block.labels[0]?.text ?? '';
        if (block.type === 'variable') this.variables.set(name, variableFrom(block));
        if (block.type === 'function') this.#functions.set(name, block);
      }
    }
    this.blocks = new Blocks(bodies, this);
  }

  get within(): NonNullable<Scope['within']> {
    return (name, steps, at) => this.blocks.within(name, steps, at);
  }

  names(): Iterable<string> {
    return [...Object.keys(this.#options.builtIn), ...this.variables.keys(), ...this.#attributes.keys(), 'target'];
  }

  functionNames(): Iterable<string> {
    return [...Object.keys(this.#standard), ...this.#functions.keys()];
  }

  /** Names that have a value: all variables and attributes. */
  globals(): Iterable<string> {
    return new Set([...this.variables.keys(), ...this.#attributes.keys()]);
  }

  variable(name: string): Value | undefined {
    const known = this.#values.get(name);
    if (known) return known;
    const builtIn = Object.hasOwn(this.#options.builtIn, name) ? this.#options.builtIn[name] : undefined;
    if (builtIn !== undefined) return text(builtIn);
    const attribute = this.#attributes.get(name);
    const variable = this.variables.get(name);
    if (!attribute && !variable) return undefined;
    const { source, span } = attribute
      ? { source: attribute.source, span: attribute.attribute.nameSpan }
      : { source: variable!.source, span: variable!.span };
    const value = this.#once(name, { source, span }, () =>
      attribute
        ? this.#attributeValue(attribute, variable)
        : overriddenValue(variable!, {
            given: (expression) => evaluate(expression, variable!.source, this),
            lookUp: this.#options.lookUp,
            isTaken: (other) => this.variables.has(other) || Object.hasOwn(this.#options.builtIn, other),
          }),
    );
    this.#values.set(name, value);
    return value;
  }

  function(name: string): HclFunction | HclForm | undefined {
    if (Object.hasOwn(this.#standard, name)) {
      if (impureFunctions.has(name)) this.impure.add(name);
      return this.#standard[name];
    }
    const block = this.#functions.get(name);
    return block && this.#userFunction(name, block);
  }

  /** Checks what variables must fulfil, and that all functions are well-formed. */
  validate(): void {
    collected(this.variables.values(), (variable) => {
      collected(variable.validations, ({ condition, message }) => {
        const { source } = variable;
        const value = evaluate(condition, source, this);
        if (value.is === null) throw mistake(source, condition.span, 'the condition is null, neither true nor false');
        let holds: Value;
        try {
          holds = convert(value, { kind: 'bool' });
        } catch (error) {
          if (error instanceof ConversionError)
            throw mistake(source, condition.span, `the condition: ${error.message}`);
          throw error;
        }
        if (holds.is === true) return;
        const told = evaluate(message, source, this);
        const reason =
          typeof told.is === 'string' ? told.is : 'its value is not allowed, and error_message is not text';
        throw mistake(source, condition.span, `${variable.name}: ${reason}`);
      });
    });
    collected(this.#functions, ([name, block]) => {
      // One that has the name of a standard function is never called.
      if (!Object.hasOwn(this.#standard, name)) this.#userFunction(name, block);
    });
  }

  /** An attribute of a file as a whole; where a variable has its name, it is the variable's default. */
  #attributeValue(
    { attribute, source }: { readonly attribute: Attribute; readonly source: SourceText },
    variable: Variable | undefined,
  ): Value {
    if (!variable) return evaluate(attribute.expression, source, this);
    const untyped: Variable = { ...variable, type: undefined, default: attribute.expression, source };
    return overriddenValue(untyped, {
      given: (expression) => evaluate(expression, source, this),
      lookUp: this.#options.lookUp,
      isTaken: (other) => this.variables.has(other) || Object.hasOwn(this.#options.builtIn, other),
    });
  }

  #userFunction(name: string, { body, labels, typeSpan }: Block): HclFunction {
    const { source } = body;
    const span = labels[0]?.span ?? typeSpan;
    const found = new Map(body.attributes.map((attribute) => [attribute.name, attribute.expression]));
    const [params, rest, result] = ['params', 'variadic_params', 'result'].map((each) => found.get(each));
    if (!params || !result)
      throw mistake(
        source,
        span,
        `the function ${name} has no ${params ? 'result' : 'params'}`,
        params ? undefined : 'write params = [] for none',
      );
    if (params.kind !== 'tuple') throw mistake(source, params.span, 'params is a list of names');
    const names = params.items.map((item) => nameIn(item, source));
    const restName = rest && nameIn(rest, source);
    return {
      params: names.map((each) => ({ name: each, type: any })),
      ...(restName !== undefined && { rest: { name: restName, type: any } }),
      call: (args) =>
        this.#once(`${name}()`, { source, span }, () => {
          const locals = new Map(names.map((each, index) => [each, args[index]!]));
          if (restName !== undefined) locals.set(restName, tuple(args.slice(names.length)));
          return evaluate(result, source, scopeWith(this, locals));
        }),
    };
  }

  /** Finds a value out; whoever needs itself for that is a mistake. */
  #once(name: string, at: { readonly source: SourceText; readonly span: Span }, run: () => Value): Value {
    const before = this.#asking.indexOf(name);
    if (before >= 0) {
      const round = [...this.#asking.slice(before), name].join(' → ');
      throw mistake(at.source, at.span, `${name} needs itself: ${round}`);
    }
    this.#asking.push(name);
    try {
      return run();
    } finally {
      this.#asking.pop();
    }
  }
}

/** A name that is written without quotes; in JSON, as a text. */
function nameIn(expression: Expression, source: SourceText): string {
  const json = expression.kind === 'template' || expression.kind === 'wrapped' ? expression.json : undefined;
  const word = keywordOf(json === undefined ? expression : parseSingleExpression({ file: source.file, text: json }));
  if (word === undefined) throw mistake(source, expression.span, 'a parameter is a name, without quotes');
  return word;
}
