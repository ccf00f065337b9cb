import type { Answer } from '@monokit/engine';
import { describeText } from '@monokit/engine/subrequests/describe';
import { lintErrorText, lintText, type LintResults } from '@monokit/engine/subrequests/lint';
import { outlineText } from '@monokit/engine/subrequests/outline';
import { targetsText } from '@monokit/engine/subrequests/targets';
import type { Call } from '../flags/call.ts';
import type { ShowInvocation } from '../tasks/defined-images.ts';
import { count } from '../ui/format.ts';
import { answersJson, askImages, type Asked } from './ask.ts';

/** `build --call`: prints what buildx prints for one image, or what bake does for several. Gives the exit code. */
export async function call(invocation: ShowInvocation, asked: Call): Promise<number> {
  const { positionals, stdout, stderr } = invocation;
  const images = await askImages(invocation, positionals, asked.question);
  const several = images.length > 1;
  const tell = (id: string, failure: string) => {
    if (failure !== '') stderr.write(several ? `${id}: ${failure}` : failure);
  };
  let code = 0;
  for (const [i, image] of images.entries()) {
    const { text, failure, status } = shown(image, asked);
    if (asked.format === 'text') {
      if (several) stdout.write(`${i > 0 ? '\n' : ''}${image.id}\n\n`);
      stdout.write(text);
    } else if (!several && 'json' in image.answer) stdout.write(`${image.answer.json}\n`);
    tell(image.id, failure);
    code = Math.max(code, status);
  }
  if (asked.format === 'json' && several) stdout.write(answersJson(images));
  return code;
}

interface Shown {
  readonly text: string;
  /** Empty if nothing failed. */
  readonly failure: string;
  readonly status: number;
}

function shown({ answer, nameOf }: Asked, { question, ignoreStatus }: Call): Shown {
  if ('failure' in answer) return { text: '', failure: answer.failure, status: 1 };
  const status = ignoreStatus ? 0 : answer.status;
  const value = <T>() => JSON.parse(answer.json) as T;
  switch (question) {
    case 'frontend.lint': {
      const results = value<LintResults>();
      const error = lintErrorText(results, nameOf);
      const failure = error === '' ? '' : `error: ${error}`;
      const found = checked(results) + lintText(results, nameOf);
      const between = failure !== '' && (results.warnings ?? []).length > 0 ? '\n' : '';
      return { text: found + between, failure, status: failure === '' ? status : 1 };
    }
    case 'frontend.outline':
      return { text: known(answer) ? outlineText(value()) : answer.text, failure: '', status };
    case 'frontend.targets':
      return { text: known(answer) ? targetsText(value()) : answer.text, failure: '', status };
    case 'frontend.subrequests.describe':
      return { text: known(answer) ? describeText(value()) : answer.text, failure: '', status };
  }
}

function checked({ warnings, buildError }: LintResults): string {
  const { length } = warnings ?? [];
  if (length === 0) return buildError ? '' : 'Check complete, no warnings found.\n';
  return `Check complete, ${count(length, 'warning')} ${length === 1 ? 'has' : 'have'} been found!\n`;
}

/** Whether this program knows the answer's form; a later frontend's may be another, and comes with its own text. */
function known({ version, text }: Answer): boolean {
  return text === '' || /^(?:0\..*|1\.0\.0|)$/.test(version);
}
