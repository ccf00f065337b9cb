// What can be asked of this frontend instead of a build.

import { Failed } from '../../std/failed.ts';
import { describeMetadata, describeRequest } from '../subrequests/describe.ts';
import { lintMetadata, lintRequest } from '../subrequests/lint.ts';
import { outlineMetadata, outlineRequest } from '../subrequests/outline.ts';
import { targetsMetadata, targetsRequest } from '../subrequests/targets.ts';
import type { Surroundings } from './context.ts';
import { convertStages } from './convert.ts';
import type { DockerfileFailure } from './failure.ts';
import { lint } from './lint.ts';
import { outlineOf } from './outline.ts';
import { withSource, type Opened } from './source.ts';
import { targetsOf } from './targets.ts';

type Metadata = Readonly<Record<string, string>>;

/** Answers by the question's name. */
const answers: Readonly<Record<string, (opened: Opened, surroundings: Surroundings) => Metadata | Promise<Metadata>>> =
  {
    [describeRequest.name]: () => describeMetadata(),
    [lintRequest.name]: async (opened, surroundings) => lintMetadata(await lint(opened, surroundings)),
    [outlineRequest.name]: async (opened, surroundings) => {
      const [platform] = surroundings.options.platforms;
      return withSource(opened, surroundings, async (source) => {
        const { target, stages } = await convertStages(source, { platform }, surroundings);
        return outlineMetadata(outlineOf(target, stages, { data: source.dockerfile.bytes }));
      });
    },
    [targetsRequest.name]: async (opened, surroundings) => {
      // The rules have their own request.
      const quiet = { ...surroundings, warn: () => undefined };
      return withSource(opened, quiet, async ({ program, dockerfile }) =>
        targetsMetadata(targetsOf(program, { data: dockerfile.bytes })),
      );
    },
  };

/** Answers a request as metadata of a result. Throws `subrequest-unsupported` for one that is unknown. */
export async function answerRequest(name: string, opened: Opened, surroundings: Surroundings): Promise<Metadata> {
  const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
  if (answer) return answer(opened, surroundings);
  const message = `unsupported request ${name}: this frontend answers ${Object.keys(answers).join(', ')}`;
  throw new Failed<DockerfileFailure>({ kind: 'subrequest-unsupported', request: name, message });
}
