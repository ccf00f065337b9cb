// What licenses.ts uses of spdx-expression-parse, which comes without types.
declare module 'spdx-expression-parse' {
  /** Throws where the text is no expression. */
  export default function parse(expression: string): unknown;
}
