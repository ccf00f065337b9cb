import { spawn, type ChildProcess } from 'node:child_process';
import { relative } from 'node:path';
import { imageFlags, workFlags } from '../build-flags.ts';
import { command } from '../command.ts';
import { onlyFolder } from '../defined-images.ts';
import { namesOf } from '../image-names.ts';
import { Mistake } from '../mistake.ts';
import { count } from '../ui/format.ts';
import type { Words } from '../watch/loop.ts';

/** A watch builds whatever can be built, as long as it is let. */
const { continue: _continue, timeout: _timeout, ...watched } = workFlags;

export const watch = command({
  summary: 'Build, and build again what a change reaches',
  usage: '[all | IMAGE | GROUP | GLOB | IMAGE#STAGE]… | FOLDER',
  description: `
Builds the chosen images, then watches the files that their steps read: a change is
built within a fraction of a second, and only into the images that it reaches. Edits of
Dockerfiles, ignore files and the config are followed. A change during a build stops
only what it makes pointless; steps that don't read it go on.

At a terminal: r builds all again, f those that failed, q ends.`,
  flags: {
    ...imageFlags,
    ...watched,
    exec: {
      kind: 'value',
      placeholder: 'COMMAND',
      help: 'Run this after each good build, in place of the one before; MONOKIT_IMAGES names what was built',
      env: false,
    },
    debounce: { kind: 'value', placeholder: 'MS', help: 'Silence that ends a burst of changes; 40 by default' },
    poll: {
      kind: 'choice',
      placeholder: 'MS',
      implied: '300',
      help: 'Look for changes so often, where the file system cannot tell of them',
    },
  },
  examples: [
    ['cli watch', "the workspace's group `default`, or all its images"],
    ['cli watch api web', 'two images, and all that they are built from'],
    ['cli watch api --load', 'into Docker, after each change'],
    ["cli watch api --exec 'docker compose up -d api'", 'and start it anew'],
  ],
  async run(invocation) {
    const { flags, positionals, stdout, stderr, stdin, env, signal, cwd } = invocation;
    if (positionals.includes('-') || flags.file.includes('-'))
      throw new Mistake('standard input can not be watched', 'name a folder');
    const debounce = milliseconds('--debounce', flags.debounce) ?? 40;
    const poll = milliseconds('--poll', flags.poll);
    const folder = onlyFolder(positionals);
    const [
      { chosenTasks },
      { openEngineFor },
      { Watch },
      { openRenderer },
      { openWatched },
      { recordRun, runsPathOf },
      { estimatorOf },
    ] = await Promise.all([
      import('../tasks.ts'),
      import('../open-engine.ts'),
      import('../watch/loop.ts'),
      import('../ui/open.ts'),
      import('../ui/watched.ts'),
      import('../runs/record-run.ts'),
      import('../run-policy.ts'),
    ]);
    await using scope = new AsyncDisposableStack();
    const first = await chosenTasks(invocation, scope, folder);
    const estimate = estimatorOf(runsPathOf(first, invocation), first.folderOf);
    const engine = scope.use(await openEngineFor(flags, env, first.settings, { estimate }));
    const digests = new Map<string, string>();
    const say = (text: string) => void stderr.write(`${text}\n`);
    const short = (path: string) => relative(cwd, path) || path;
    let running: ChildProcess | undefined;
    const loop = new Watch({
      engine,
      signal,
      debounce,
      ...(poll !== undefined && { poll }),
      choose: (its) => chosenTasks(invocation, its, folder),
      show: async (chosen, ids, readings) => {
        const { folderOf } = chosen;
        const tasks = chosen.tasks.filter(({ request }) => ids.has(request.id));
        const startedAt = Date.now();
        const recorder = recordRun(invocation, { ...chosen, tasks, meant: ids }, { startedAt, keeps: 'worked' });
        const causes = new Map(readings.map(({ image, path, step }) => [image, `${short(path)} → ${step}`]));
        const start = {
          ids: [...ids],
          names: namesOf(chosen.tasks.map(({ request }) => request)),
          startedAt,
          verbose: flags.verbose,
          cwd: invocation.cwd,
          folders: folderOf,
          facts: recorder.facts,
          retry: () => undefined,
        };
        const screen = { stdout, stderr, env };
        const json = flags.json || flags.progress === 'json' || flags.progress === 'rawjson';
        const renderer =
          json || flags.quiet
            ? await openRenderer(json ? 'json' : 'quiet', start, screen)
            : openWatched({ ...start, causes, digests }, screen);
        return { renderer, recorder };
      },
      tell: (words) => {
        if (!flags.quiet) say(told(words, short));
      },
      built: (ids) => {
        if (flags.exec === undefined) return;
        if (running?.exitCode === null) running.kill('SIGTERM');
        running = spawn('/bin/sh', ['-c', flags.exec], {
          cwd,
          env: { ...env, MONOKIT_IMAGES: ids.join(' ') },
          stdio: ['ignore', 2, 2],
        });
        running.on('error', (error) => say(`--exec: ${error.message}`));
        running.on('exit', (code) => {
          if (code) say(`--exec ended with ${code}`);
        });
      },
    });
    using _keys = listen(stdin, { r: () => loop.rebuild(), f: () => loop.rebuildFailed(), q: () => loop.stop() });
    await loop.run();
    running?.kill('SIGTERM');
    signal.throwIfAborted();
    return 0;
  },
});

function told(words: Words, short: (path: string) => string): string {
  const list = (paths: readonly string[]) =>
    paths.length <= 3 ? paths.map(short).join(', ') : `${short(paths[0]!)} and ${paths.length - 1} more`;
  switch (words.kind) {
    case 'watching':
      return `watching ${count(words.folders, 'folder')} of ${count(words.images, 'image')}`;
    case 'changed':
      return `${list(words.paths)} → ${words.images.length <= 6 ? words.images.join(', ') : count(words.images.length, 'image')}`;
    case 'reloaded':
      return `${list(words.paths)}: reading the workspace again`;
    case 'superseded':
      return `… ${words.images.join(', ')} superseded`;
    case 'polling':
      return `the kernel watches no more files for this user (${words.limit}): looking for changes every 300 ms instead`;
    case 'mistake': {
      const { message, hint } = words.error as Mistake;
      return `error: ${message}${hint === undefined ? '' : `\n  ${hint}`}`;
    }
  }
}

/** Hears single keys where a person is there to press them. */
function listen(stdin: NodeJS.ReadStream, keys: Readonly<Record<string, () => void>>): Disposable {
  if (!stdin.isTTY) return { [Symbol.dispose]() {} };
  const hear = (data: Buffer) => {
    for (const key of data.toString('latin1')) {
      if (key === '\u0003') process.kill(process.pid, 'SIGINT');
      else keys[key]?.();
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', hear);
  return {
    [Symbol.dispose]() {
      stdin.off('data', hear);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}

function milliseconds(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Mistake(`${flag} needs a number of milliseconds, got ${JSON.stringify(text)}`);
  return Number(text);
}
