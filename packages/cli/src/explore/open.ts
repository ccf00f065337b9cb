// From a command line to what the explorer's page may ask.

import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Invocation } from '../command.ts';
import type { imageFlags } from '../flags/build.ts';
import type { workspaceFlags } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import type { Api } from '../page/server.ts';
import { isFolder } from '../tasks/is-folder.ts';
import { chosenTasks, type BuildInvocation } from '../tasks/tasks.ts';
import { Bases } from './bases.ts';
import { Document } from './document.ts';
import { Explorer, type Edit } from './explorer.ts';

type ExploreInvocation = Invocation<typeof imageFlags & typeof workspaceFlags>;

export async function openExplorer(invocation: ExploreInvocation, scope: AsyncDisposableStack): Promise<Api> {
  const asked = meant(invocation);
  const { tasks, meant: ids, offers, settings } = await chosenTasks(asked.invocation, scope, asked.folder);
  const chosen = tasks.filter(({ request }) => ids.has(request.id));
  const [task] = chosen;
  if (!task || chosen.length > 1) {
    throw new Mistake(
      `one Dockerfile is explored at a time, and this names ${chosen.length} images`,
      'name one of them',
    );
  }
  const { source, session } = task.request;
  const root = session.folder('dockerfile')?.root;
  if (source.kind !== 'frontend' || root === undefined) {
    throw new Mistake(
      `${task.request.id} has no Dockerfile on this machine`,
      'name a Dockerfile, or an image that has one',
    );
  }
  const filename = nameIn(root, source.options['filename'] ?? 'Dockerfile');
  const document = await Document.open(join(root, filename));
  const bases = new Bases();
  const { openEngine } = await import('@monokit/engine');
  const { engineOptions } = await import('../tasks/open-engine.ts');
  const engine = scope.use(
    await openEngine({ ...engineOptions(invocation.flags, invocation.env, settings), resolver: bases.resolver }),
  );
  const others = tasks.filter((each) => each !== task);
  const explorer = new Explorer({
    engine,
    bases,
    document,
    task,
    offers: [
      ...others.map(({ request, names }) => ({ id: request.id, names, request: () => Promise.resolve(request) })),
      ...offers,
    ],
    filename,
  });
  return {
    'GET file': async ({ send }) => send(await explorer.opened()),
    'POST convert': async ({ json, signal, send }) => {
      const { retry, ...edit } = readEdit(json);
      if (retry) await bases.retry();
      await explorer.explore(edit, AbortSignal.any([signal, invocation.signal]), send);
    },
    'POST save': async ({ json, send }) => {
      const { text, over } = json as { readonly text?: unknown; readonly over?: unknown };
      if (typeof text !== 'string' || typeof over !== 'string') throw new Mistake('save needs `text` and `over`');
      const version = await document.save(text, over);
      await send(version === undefined ? { kind: 'conflict', ...(await document.read()) } : { kind: 'saved', version });
    },
  };
}

function readEdit(json: unknown): Edit & { readonly retry: boolean } {
  const { text, target, retry = false } = (json ?? {}) as { text?: unknown; target?: unknown; retry?: unknown };
  if (typeof text !== 'string' || typeof target !== 'string') throw new Mistake('convert needs `text` and `target`');
  return { text, target, retry: retry === true };
}

/** A path is a Dockerfile or a folder with one; anything else names an image. */
function meant(invocation: ExploreInvocation): {
  readonly invocation: BuildInvocation;
  readonly folder: string | undefined;
} {
  const { positionals, flags, cwd } = invocation;
  if (positionals.length > 1) throw new Mistake('one Dockerfile is explored at a time');
  const [given] = positionals;
  const as = (positional: string, file?: string) =>
    ({
      ...invocation,
      positionals: [positional],
      flags: { ...flags, ...(file !== undefined && { file: [file] }) },
    }) as unknown as BuildInvocation;
  if (given === '-' || given?.includes('://') || flags.file.includes('-')) {
    throw new Mistake('what is explored is a file on this machine', 'name a Dockerfile or a folder with one');
  }
  const path = resolve(cwd, given ?? '.');
  const found = statSync(path, { throwIfNoEntry: false });
  if (given !== undefined && found?.isFile()) {
    if (flags.file.length > 0) throw new Mistake('--file goes with a folder', `cli explore ${given}`);
    return { invocation: as(dirname(path), path), folder: dirname(path) };
  }
  if (given === undefined || isFolder(given)) {
    const folder = given ?? '.';
    return { invocation: as(folder), folder };
  }
  return { invocation: as(given), folder: undefined };
}

/** The name under which the frontend finds it: `dockerfile` will do for `Dockerfile`. */
function nameIn(root: string, filename: string): string {
  if (existsSync(join(root, filename)) || basename(filename) !== 'Dockerfile') return filename;
  const lower = join(dirname(filename), 'dockerfile');
  return existsSync(join(root, lower)) ? lower : filename;
}
