import { mkdir } from '../../../llb/file-actions.ts';
import { goQuote } from '../../../std/go-quote.ts';
import { readFlags } from '../flags.ts';
import { oneArgument } from '../forms.ts';
import type { Node } from '../parse.ts';
import { absolutePath, isAbsolutePath, withBackslashes } from '../paths.ts';
import type { Stage } from '../stage.ts';

/** `WORKDIR path`: where everything that follows starts; made if it is not there. */
export interface Workdir {
  readonly kind: 'workdir';
  readonly node: Node;
  readonly path: string;
}

export function readWorkdir(node: Node): Workdir {
  const path = oneArgument(node);
  readFlags(node.flags, {});
  return { kind: 'workdir', node, path };
}

export function convertWorkdir({ node, path: written }: Workdir, stage: Stage): void {
  const path = stage.expand(written);
  if (!stage.workdirSet && !isAbsolutePath(path, stage.os)) {
    stage.warn(
      'WorkdirRelativePath',
      `Relative workdir ${goQuote(path)} can have unexpected results if the base image changes`,
    );
  }
  stage.workdirSet = true;
  const dir = setWorkdir(path, stage);
  if (dir === '/') return stage.record(`WORKDIR ${dir}`);
  const { epoch } = stage.conversion;
  const { user } = stage.image;
  const options = {
    mode: 0o755,
    parents: true,
    ...(user && { owner: user }),
    ...(epoch !== undefined && { createdTime: new Date(epoch * 1000) }),
  };
  stage.state = stage.state.file(mkdir(dir, options), {
    customName: stage.stepName(stage.shown(node.original.trim()), stage.nextStep()),
    location: stage.location(node.range),
    platform: stage.runPlatform,
  });
  stage.record(`WORKDIR ${dir}`, { layer: true });
}

/** Changes the working directory of image and state; the result is absolute, with slashes whatever the os. */
export function setWorkdir(path: string, stage: Stage): string {
  const dir = absolutePath(stage.image.workdir, path, stage.os);
  stage.image.workdir = withBackslashes(dir, stage.os);
  stage.state = stage.state.dir(dir);
  return dir;
}
