import type { SourceRange } from '../../llb/source-map.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { MessageOf } from '../../proto/message.ts';
import type { Diagnostic, Range } from '../../std/diagnostic.ts';
import type { warnRequest } from './messages/ping.ts';

/** A frontend's warning as this engine tells its own. */
export function warningOf(request: MessageOf<typeof warnRequest>): {
  readonly vertex?: Digest;
  readonly diagnostic: Diagnostic;
} {
  const { digest, short, detail, url, info, ranges } = request;
  const text = Buffer.from(short).toString();
  // The Dockerfile frontend's form: the rule, what it found, and where.
  const [, rule, found] = /^([A-Z][A-Za-z0-9]+): (.*?)(?: \(line \d+\))?$/s.exec(text) ?? [];
  const hint = detail.map((each) => Buffer.from(each).toString()).join('\n');
  return {
    ...(isDigest(digest) && { vertex: digest }),
    diagnostic: {
      severity: 'warning',
      code: rule ?? 'frontend',
      message: found ?? text,
      ...(hint !== '' && { hint }),
      ...(url !== '' && { url }),
      file: info?.filename ?? '',
      ...(ranges[0] && { range: rangeOf(ranges[0]) }),
    },
  };
}

/** Columns count from 0 in LLB, and an empty range is all of its lines. */
export function rangeOf({ start, end }: SourceRange): Range {
  return {
    start: { line: start.line, column: start.character + 1 },
    end: { line: end.line || start.line, column: end.character + 1 },
  };
}
