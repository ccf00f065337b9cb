import { goQuote } from '../../../std/go-quote.ts';
import { mistake } from '../failure.ts';
import { readFlags } from '../flags.ts';
import { plainWords } from '../forms.ts';
import type { Node } from '../parse.ts';
import { describe } from './arg.ts';

/** `FROM [--platform=…] image [AS name]`: where a stage begins. */
export interface From {
  readonly kind: 'from';
  readonly node: Node;
  /** An image, a stage before, or `scratch`; not expanded yet. */
  readonly base: string;
  /** In lower case; '' if it has none. */
  readonly name: string;
  /** The name in the case it was written in. */
  readonly writtenName: string;
  readonly as: string;
  /** Not expanded yet; undefined or '' if none was asked for. */
  readonly platform: string | undefined;
  readonly description: string;
}

export function readFrom(node: Node): From {
  const words = plainWords(node.rest);
  const [base, as = '', writtenName = ''] = words;
  if (words.length === 3 && as.toLowerCase() === 'as') {
    if (!/^[a-z][a-z0-9-_.]*$/.test(writtenName.toLowerCase())) {
      const why = "name can't start with a number or contain symbols";
      throw mistake(`invalid name for build stage: ${goQuote(writtenName)}, ${why}`, { token: writtenName });
    }
  } else if (words.length !== 1) throw mistake('FROM requires either one or three arguments', { token: node.rest });
  const { platform } = readFlags(node.flags, { platform: 'text' });
  const name = writtenName.toLowerCase();
  return {
    kind: 'from',
    node,
    base: base!,
    name,
    writtenName,
    as,
    platform,
    description: describe(node.comments, name),
  };
}
