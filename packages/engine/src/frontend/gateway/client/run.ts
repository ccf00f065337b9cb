import { Console } from 'node:console';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { mapResult, type Result } from '../../../llb/result.ts';
import { openRpcClient } from '../../../rpc/client.ts';
import { Failed } from '../../../std/failed.ts';
import { llbBridge } from '../llb-bridge.ts';
import { resultOf, type ImageOf } from '../results.ts';
import { writeResult } from '../wire-result.ts';
import { FrontendClient } from './client.ts';
import { readEnvironment, type FrontendEnvironment } from './environment.ts';
import { errorStatus, FrontendError } from './error.ts';
import type { Reference } from './reference.ts';

/** What a frontend makes of a request. */
export type FrontendOutput =
  /** Images; `metadata` is more to tell with them, such as the answer to a question (`requestid`). */
  | {
      readonly images: readonly ImageOf<Reference>[];
      readonly multiPlatform?: boolean;
      readonly metadata?: Readonly<Record<string, string>>;
    }
  /** What another frontend gave. */
  | { readonly result: Result<Reference> };

export interface RunFrontendOptions {
  /** The process's own stdin and stdout when left out. */
  readonly connection?: Duplex;
  readonly environment?: FrontendEnvironment;
}

/**
 * Runs a frontend in the container that an engine started for it: speaks to the engine by stdin and stdout, and gives
 * it what `build` returns, or what it throws. Whatever else is written to stdout goes to stderr, which who builds can
 * read. Resolves when all is said; what `build` throws also makes the process's exit code 1.
 */
export async function runFrontend(
  build: (client: FrontendClient) => Promise<FrontendOutput>,
  options: RunFrontendOptions = {},
): Promise<void> {
  const { connection = takeStandardStreams(), environment = readEnvironment() } = options;
  try {
    await using rpc = openRpcClient(connection);
    const calls = rpc.of(llbBridge);
    const client = await FrontendClient.connect(calls, environment);
    try {
      const output = await build(client);
      const result =
        'result' in output
          ? output.result
          : resultOf(output.images, { multiPlatform: client.multiPlatform, ...output });
      const named = await mapResult(result, async ({ id }) => ({ id, definition: undefined }));
      await calls.return({ result: writeResult(named, (ref) => ref) });
    } catch (error) {
      process.exitCode = 1;
      await calls.return({ error: errorStatus(error) });
      // A bug of the frontend: its author wants the stack.
      if (!(error instanceof FrontendError || error instanceof Failed)) console.error(error);
    } finally {
      client.end();
    }
  } finally {
    connection.destroy();
  }
}

/** The connection to the engine. From here on nobody else writes there. */
function takeStandardStreams(): Duplex {
  const readable = new Socket({ fd: 0, readable: true, writable: false });
  const writable = new Socket({ fd: 1, readable: false, writable: true });
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return Duplex.from({ readable, writable });
}
