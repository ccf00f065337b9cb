// How a frontend's run is judged: what it gave, what it said went wrong, or that it broke.

import type { RpcStatus } from '../../rpc/status.ts';
import type { Diagnostic } from '../../std/diagnostic.ts';
import { Failed } from '../../std/failed.ts';
import type { FrontendResult } from '../frontend.ts';
import { diagnosticsIn } from './error-details.ts';
import type { GatewayFailure } from './failure.ts';
import { frontendResultOf } from './results.ts';
import type { BridgeService } from './service.ts';

export interface Ended {
  readonly source: string;
  readonly options: Readonly<Record<string, string>>;
  /** What its process failed with; undefined if it ended well. */
  readonly ending: unknown;
  /** The last of what it wrote to stderr. */
  readonly said: string;
}

/** An error that it gave comes before how its process ended, and that before a result. */
export function judge({ given, failures }: BridgeService, ended: Ended): FrontendResult {
  const { source, options, ending, said } = ended;
  if (given?.kind === 'error') throw failedAs(given.status, source, failures);
  if (ending !== undefined) throw broken(source, ending, said);
  if (!given) throw broken(source, new Error('it ended without a result'), said);
  try {
    return frontendResultOf(given.result, { answersOnly: 'requestid' in options });
  } catch (error) {
    throw unusable(source, (error as Error).message, error);
  }
}

/** In the frontend's words; what of the engine's own made it fail is the cause, which knows more. */
function failedAs({ message, details }: RpcStatus, source: string, failures: readonly unknown[]): Failed {
  const cause = failures.findLast((each) => each instanceof Error && each.message && message.includes(each.message));
  const diagnostics = diagnosticsIn(details, message);
  const [first] = diagnostics;
  const place = first?.range ? `${first.file}:${first.range.start.line}:${first.range.start.column}: ` : '';
  return new Failed<GatewayFailure>(
    {
      kind: 'frontend-failed',
      frontend: source,
      message: `${place}${message || 'it failed and did not say why'}`,
      ...(first && { diagnostics: diagnostics as [Diagnostic, ...Diagnostic[]] }),
    },
    { cause },
  );
}

function broken(source: string, why: unknown, said: string): Failed<GatewayFailure> {
  const reason = why instanceof Error ? why.message : String(why);
  const message = `frontend ${source} failed: ${reason}${said === '' ? '' : `\n${said}`}`;
  return new Failed<GatewayFailure>({ kind: 'frontend-broken', frontend: source, message }, { cause: why });
}

function unusable(source: string, why: string, cause?: unknown): Failed<GatewayFailure> {
  const message = `frontend ${source} gave a result that cannot be used: ${why}`;
  return new Failed<GatewayFailure>({ kind: 'frontend-result', frontend: source, message }, { cause });
}
