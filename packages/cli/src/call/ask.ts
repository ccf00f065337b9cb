// Questions to the frontends of images, for the commands that answer and build nothing.

import { join } from 'node:path';
import type { Answer, Offer, Task } from '@monokit/engine';
import type { NameOf } from '@monokit/engine/subrequests/lint';
import type { Question } from '../flags/call.ts';
import type { ShowInvocation } from '../tasks/defined-images.ts';
import { onlyFolder } from '../tasks/is-folder.ts';
import type { BuildInvocation } from '../tasks/tasks.ts';
import { diagnosticsText, shortest } from '../ui/diagnostics.ts';
import { describe, diagnosticsOf, messageOf } from '../ui/failure.ts';
import { neededImage } from '../ui/outcome.ts';

/** What an image's frontend answered, or why it didn't. */
export interface Asked {
  readonly id: string;
  readonly answer: Answer | Unanswered;
  /** How the Dockerfile is called here. */
  readonly nameOf: NameOf;
}

/** What went wrong, for people at a terminal, and as bare words. */
export interface Unanswered {
  readonly failure: string;
  readonly message: string;
}

/** Asks about the images that the command line means. Those that are no Dockerfile's are left out, and told of. */
export async function askImages(
  invocation: ShowInvocation,
  positionals: readonly string[],
  question: Question,
): Promise<readonly Asked[]> {
  const { flags, env, cwd, signal, stderr } = invocation;
  await using scope = new AsyncDisposableStack();
  const { chosenTasks } = await import('../tasks/tasks.ts');
  const folder = onlyFolder(positionals);
  const asked = { ...invocation, positionals } as unknown as BuildInvocation;
  const { tasks, meant, offers, settings, folderOf } = await chosenTasks(asked, scope, folder);
  const { openEngineFor } = await import('../tasks/open-engine.ts');
  const engine = scope.use(await openEngineFor(flags, env, settings));
  const { call } = await import('@monokit/engine');

  const chosen = tasks.filter(({ request }) => meant.has(request.id));
  const files = chosen.filter(({ request }) => request.source.kind === 'frontend');
  for (const { request } of chosen.filter((task) => !files.includes(task))) {
    stderr.write(`${request.id} is left out, for it is written in TypeScript: it has no Dockerfile\n`);
  }
  const beside = tasks.filter((task) => !files.includes(task)).map(offerOf);
  const work = { signal, report: () => undefined };
  const answers = call(engine, files, { question, offers: [...beside, ...offers], ...work });
  const settled = await Promise.allSettled(answers);
  signal.throwIfAborted();
  // What came from standard input lies nowhere that people know.
  const spooled = folder === '-' || flags.file.includes('-');
  const pathOf = (id: string, file: string) => {
    const root = spooled ? undefined : folderOf.get(id);
    return root === undefined ? file : join(root, file);
  };
  return settled.map((outcome, i): Asked => {
    const { id } = files[i]!.request;
    const nameOf: NameOf = ({ filename = '' }) => shortest(pathOf(id, filename), cwd);
    if (outcome.status === 'fulfilled') return { id, answer: outcome.value, nameOf };
    const error: unknown = outcome.reason;
    const diagnostics = diagnosticsOf(error).map((each) => ({
      ...each,
      file: pathOf(neededImage(error) ?? id, each.file),
    }));
    const failure = diagnostics.length > 0 ? diagnosticsText(diagnostics, { cwd, stream: stderr }) : describe(error);
    const message = diagnostics.map((each) => each.message).join('\n') || messageOf(error);
    return { id, answer: { failure, message }, nameOf };
  });
}

function offerOf({ request, names }: Task): Offer {
  return { id: request.id, names, request: () => Promise.resolve(request) };
}

/** Answers as one JSON text, by image. */
export function answersJson(images: readonly Asked[]): string {
  const byId = images.map(({ id, answer }) => [
    id,
    'json' in answer ? (JSON.parse(answer.json) as unknown) : { error: answer.message },
  ]);
  return `${JSON.stringify(Object.fromEntries(byId), null, 2)}\n`;
}
