// What goes with a frontend's error: places in the text that it read, in the form of BuildKit's error details (JSON).

import type { SourceRange } from '../../llb/source-map.ts';
import type { RpcDetail } from '../../rpc/failure.ts';
import type { Diagnostic } from '../../std/diagnostic.ts';
import { rangeOf } from './warning.ts';

const sourceType = 'github.com/moby/buildkit/errdefs.Source+json';

interface SourceJson {
  readonly info?: { readonly filename?: string; readonly data?: string; readonly language?: string };
  readonly ranges?: readonly {
    readonly start?: { readonly line?: number; readonly character?: number };
    readonly end?: { readonly line?: number; readonly character?: number };
  }[];
}

/** A place in a text, as an error's detail. */
export function sourceDetail(place: {
  readonly file: string;
  readonly text?: string;
  readonly ranges: readonly SourceRange[];
}): RpcDetail {
  const { file, text, ranges } = place;
  const data = text === undefined ? undefined : Buffer.from(text).toString('base64');
  const source: SourceJson = { info: { filename: file, ...(data !== undefined && { data }) }, ranges };
  return { type: sourceType, value: Buffer.from(JSON.stringify(source)) };
}

/** The error at each place that its details name. What they hold is a frontend's, so anything may be in it. */
export function diagnosticsIn(details: readonly RpcDetail[], message: string): readonly Diagnostic[] {
  return details.flatMap(({ type, value }): Diagnostic[] => {
    if (type !== sourceType) return [];
    const source = readSource(value);
    const file = source?.info?.filename;
    const [range] = source?.ranges ?? [];
    const line = range?.start?.line;
    if (typeof file !== 'string' || !Number.isInteger(line)) return [];
    const start = { line: line!, character: range?.start?.character ?? 0 };
    const end = { line: range?.end?.line ?? line!, character: range?.end?.character ?? 0 };
    return [{ severity: 'error', code: 'frontend', message, file, range: rangeOf({ start, end }) }];
  });
}

function readSource(value: Uint8Array): SourceJson | undefined {
  try {
    return JSON.parse(Buffer.from(value).toString()) as SourceJson;
  } catch {
    return undefined;
  }
}
