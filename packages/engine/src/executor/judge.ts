// How a process ended, told as success or as a failure that names it.

import { Failed } from '../std/failed.ts';
import { goQuote } from '../std/go-quote.ts';
import { sizeText } from '../std/units.ts';
import type { Process } from './executor.ts';
import type { ExecutorFailure } from './failure.ts';
import type { Ending } from './runc.ts';

/** BuildKit's way to say which process it was. */
const incomplete = (process: Process) => `process ${goQuote(process.args.join(' '))} did not complete successfully`;

/** Says of which process a failure was. */
export function inProcess<T>(process: Process, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    const message = `${incomplete(process)}: ${error.message}`;
    throw new Failed({ ...(error as Failed).failure, message }, { cause: error });
  }
}

/** What else is known of the end of a process. */
export interface About {
  /** How many processes of the container the kernel killed for want of memory. */
  readonly outOfMemory: () => number;
  /** Bytes; undefined where nobody counts. */
  readonly peakMemory?: number;
}

/** Throws unless the process ended as it should. */
export function judge(process: Process, ending: Ending, { outOfMemory, peakMemory }: About): void {
  const name = process.args.join(' ');
  const fail = (failure: ExecutorFailure): never => {
    throw new Failed<ExecutorFailure>({ ...failure, message: `${incomplete(process)}: ${failure.message}` });
  };
  switch (ending.kind) {
    case 'exit': {
      const { code } = ending;
      if (process.validExitCodes.length > 0 ? process.validExitCodes.includes(code) : code === 0) return;
      if (outOfMemory() > 0) {
        const limit = process.resources?.memory;
        fail({
          kind: 'process-killed',
          process: name,
          outOfMemory: true,
          ...(limit && { limit }),
          message: [
            'cannot allocate memory: killed: out of memory',
            ...(peakMemory === undefined ? [] : [`peak ${sizeText(peakMemory)}`]),
            ...(limit ? [`with a limit of ${sizeText(limit)}`] : []),
          ].join(', '),
        });
      }
      return fail({ kind: 'process-exit', process: name, code, message: `exit code: ${code}` });
    }
    case 'not-started': {
      const reason = ending.reason.replace(/^runc (run|create) failed: /, '');
      const program = /(?:unable to start container process: )?(exec:? .*|executable file .*)$/s.exec(reason)?.[1];
      if (program === undefined)
        return fail({ kind: 'runtime', message: `the container could not be started: ${reason}` });
      // What the runtime exits with then.
      return fail({ kind: 'process-exit', process: name, code: 1, ran: false, message: `exit code: 1: ${program}` });
    }
    case 'signal': {
      const message = `the container's runtime was killed by ${ending.signal}`;
      return fail({ kind: 'process-killed', process: name, outOfMemory: false, signal: ending.signal, message });
    }
  }
}
