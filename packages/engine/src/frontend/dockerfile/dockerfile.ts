/*
 * The Dockerfile frontend: text and options in, one definition and image config for each platform out.
 *
 *     dockerfile.solve(options, bridge, work): Promise<FrontendResult>        the Frontend of `frontend.ts`
 *     convert(options, bridge, work, settings?): Promise<FrontendResult>      the same, with the machine's part said
 *
 * Options are BuildKit's (`filename`, `target`, `platform`, `build-arg:X`, `context:X`, …; see options.ts). The ops are
 * those that BuildKit makes of the same Dockerfile, digest for digest. What is wrong in a Dockerfile is thrown as
 * `Failed<DockerfileFailure>`, all of it at once where it can be; what the rules find is reported as warnings. With the
 * option `requestid` nothing is converted: the question's answer is the result's metadata (requests.ts).
 * A file whose `# syntax=` names another frontend is left to that one (syntax.ts).
 * All that is asked of the world goes through the `Bridge`. This room does not know how anything is run.
 */

import type { Platform } from '../../oci/platform.ts';
import type { Work } from '../../progress/work.ts';
import type { Bridge, Frontend, FrontendResult } from '../frontend.ts';
import { Checks } from './checks.ts';
import { defaultUniqueId, type Surroundings } from './context.ts';
import { convertFor } from './convert.ts';
import { readOptions, requireCapabilities } from './options.ts';
import { openDockerfile, withSource } from './source.ts';
import { leaveToSyntax } from './syntax.ts';
import { misspeltArgs } from './unused-args.ts';

export const dockerfile: Frontend = {
  solve: (options, bridge, work) => convert(options, bridge, work),
};

/** What the machine that builds says. */
export interface ConvertSettings {
  /** Its platform; this machine's if left out. */
  readonly buildPlatform?: Platform;
  /** Identifies the client's folders in definitions (`local.unique`). */
  readonly uniqueId?: string;
}

/** Turns a request into definitions. Throws `Failed<DockerfileFailure>`, or what the bridge throws. */
export async function convert(
  options: Readonly<Record<string, string>>,
  bridge: Bridge,
  work: Work,
  settings: ConvertSettings = {},
): Promise<FrontendResult> {
  const read = readOptions(options);
  const surroundings: Surroundings = {
    options: read,
    bridge,
    signal: work.signal,
    warn: (diagnostic) => work.report({ kind: 'warning', at: Date.now(), diagnostic }),
    uniqueId: settings.uniqueId ?? defaultUniqueId,
    ...(settings.buildPlatform && { buildPlatform: settings.buildPlatform }),
  };
  const opened = await openDockerfile(surroundings);
  const others = await leaveToSyntax(opened, options, { ...surroundings, report: work.report.bind(work) });
  if (others) return others;
  requireCapabilities(options['frontend.caps']);
  if (read.request !== undefined) {
    const { answerRequest } = await import('./requests.ts');
    return { images: [], multiPlatform: false, metadata: await answerRequest(read.request, opened, surroundings) };
  }
  return withSource(opened, surroundings, async (source) => {
    const platforms = read.platforms.length > 0 ? read.platforms : [undefined];
    const images = await Promise.all(
      platforms.map((platform, index) =>
        convertFor(index === 0 ? source : { ...source, checks: Checks.none }, { platform }, surroundings),
      ),
    );
    work.signal.throwIfAborted();
    misspeltArgs(read.buildArgs.keys(), source.program, source.dockerfile.name).forEach(surroundings.warn);
    return { images, multiPlatform: read.multiPlatform, metadata: {} };
  });
}
