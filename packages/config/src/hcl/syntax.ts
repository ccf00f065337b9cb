// HCL as a tree. Spans are offsets into the text that a file's body names.

import type { SourceText, Span } from './mistake.ts';
import type { Value } from './value.ts';

export interface Body {
  readonly source: SourceText;
  readonly attributes: readonly Attribute[];
  readonly blocks: readonly Block[];
}

export interface Attribute {
  readonly name: string;
  readonly nameSpan: Span;
  readonly expression: Expression;
}

export interface Block {
  readonly type: string;
  readonly typeSpan: Span;
  readonly labels: readonly Label[];
  readonly body: Body;
}

export interface Label {
  readonly text: string;
  readonly span: Span;
}

export type BinaryOperator = '||' | '&&' | '==' | '!=' | '>' | '>=' | '<' | '<=' | '+' | '-' | '*' | '/' | '%';

/** A step from a value to one in it. */
export type Step = { readonly span: Span } & (
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly key: Value }
);

export type Expression = {
  readonly span: Span;
  /** How many expressions lie in each other here; bounded, so that nobody who walks them runs out of stack. */
  readonly depth: number;
} & (
  | { readonly kind: 'literal'; readonly value: Value }
  /** A text of several parts. */
  | { readonly kind: 'template'; readonly parts: readonly Expression[]; readonly json?: string }
  /** A template that is one interpolation alone: its value is that of the expression, of any type. */
  | { readonly kind: 'wrapped'; readonly inner: Expression; readonly json?: string }
  /** The texts of a `%{for}`, joined. */
  | { readonly kind: 'joined'; readonly items: Expression }
  | { readonly kind: 'traversal'; readonly root: string; readonly rootSpan: Span; readonly steps: readonly Step[] }
  | { readonly kind: 'relative'; readonly of: Expression; readonly steps: readonly Step[] }
  | { readonly kind: 'index'; readonly of: Expression; readonly key: Expression }
  /** `of[*]each`: in `each`, the element is an expression of kind `item`. */
  | { readonly kind: 'splat'; readonly of: Expression; readonly each: Expression }
  | { readonly kind: 'item' }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly nameSpan: Span;
      readonly args: readonly Expression[];
      /** The last argument is a list of arguments: `f(list...)`. */
      readonly expand: boolean;
    }
  | {
      readonly kind: 'conditional';
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'unary'; readonly operator: '-' | '!'; readonly operand: Expression }
  | { readonly kind: 'parentheses'; readonly inner: Expression }
  | { readonly kind: 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'object'; readonly items: readonly ObjectItem[] }
  | {
      readonly kind: 'for';
      readonly keyName?: string;
      readonly valueName: string;
      readonly over: Expression;
      /** Makes an object; without one, a tuple is made. */
      readonly key?: Expression;
      readonly value: Expression;
      readonly condition?: Expression;
      /** Values of equal keys become tuples. */
      readonly group: boolean;
    }
);

export interface ObjectItem {
  readonly key: Expression;
  readonly value: Expression;
}

/** An expression that is but a name: `number`, or in JSON `"number"`. Undefined if it is anything else. */
export function keywordOf(expression: Expression): string | undefined {
  return expression.kind === 'traversal' && expression.steps.length === 0 ? expression.root : undefined;
}
