// A watch, joined: the loop, what shows it, its keys, and what runs beside it.

import { relative } from 'node:path';
import type { Invocation } from '../command.ts';
import type { watchFlags } from '../commands/watch.ts';
import { progressMode } from '../flags/progress-mode.ts';
import { Mistake } from '../mistake.ts';
import { estimatorOf } from '../recorder/estimator.ts';
import { recordRun } from '../recorder/record-run.ts';
import { namesOf } from '../tasks/image-names.ts';
import { openEngineFor } from '../tasks/open-engine.ts';
import { chosenTasks, type Chosen } from '../tasks/tasks.ts';
import { shownLine } from '../ui/format.ts';
import { openRenderer } from '../ui/open.ts';
import type { Renderer } from '../ui/renderer.ts';
import { StatusLine } from '../ui/status-line.ts';
import { inColourOf, symbolsFor } from '../ui/symbols.ts';
import { writerTo } from '../ui/terminal.ts';
import { openWatched } from '../ui/watched.ts';
import { After } from './after.ts';
import { Answers } from './answers.ts';
import { Builds } from './builds.ts';
import { Containers, type ContainerWords } from './containers.ts';
import { withDifferences } from './differences.ts';
import { HotKeys } from './hot-keys.ts';
import { Watch } from './loop.ts';
import { notices } from './notices.ts';
import { rulesOf } from './rules-of.ts';
import { told, watching } from './told.ts';
import { volumesPath } from './volumes.ts';
import type { Words } from './words.ts';

export type WatchInvocation = Invocation<typeof watchFlags>;

interface WatchTimes {
  /** A folder by itself; undefined for images of the workspace. */
  readonly folder: string | undefined;
  /** Both in milliseconds. */
  readonly debounce: number;
  readonly poll: number | undefined;
}

export async function watchImages(
  invocation: WatchInvocation,
  { folder, debounce, poll }: WatchTimes,
): Promise<number> {
  const { flags, stdout, stdin, env, signal, cwd } = invocation;
  await using scope = new AsyncDisposableStack();
  const first = await chosenTasks(invocation, scope, folder);
  const estimate = estimatorOf(first, invocation);
  const engine = scope.use(await openEngineFor(flags, env, first.settings, { estimate }));
  const { json, quiet, plain } = toldAs(progressMode(flags, env), env);
  const isLive = Boolean(stdin.isTTY && invocation.stderr.isTTY && !json && !quiet && !plain && env['TERM'] !== 'dumb');
  const status = scope.use(new StatusLine(invocation.stderr));
  const stderr = isLive ? status.stream : invocation.stderr;
  const write = writerTo(stderr, env);
  const say = (text: string) => write(`${text}\n`);
  const short = (path: string) => relative(cwd, path) || path;
  const builds = new Builds(symbolsFor(env));
  let head = '';
  const redraw = () => {
    if (isLive) status.text = [head, builds.last, 'r a w l f d e q ?'].filter(Boolean).join(' · ');
  };
  const tell = (words: Words | ContainerWords) => {
    if (words.kind === 'watching') {
      head = watching(words);
      if (isLive) return redraw();
    }
    const begins = words.kind === 'changed' || words.kind === 'reloaded';
    if (flags.clear && begins && isLive) write('\u001B[2J\u001B[3J\u001B[H');
    if (!quiet) say(told(words, short));
  };

  const after =
    flags.exec === undefined
      ? undefined
      : scope.use(new After({ command: flags.exec, cwd, env, say, stepAside: () => status.hide() }));
  const bridged = ['bridge', 'auto'].includes(flags['network-mode'] ?? 'host');
  const containers = flags.up
    ? scope.use(
        new Containers({
          engine,
          signal,
          shareNetwork: !bridged,
          volumes: volumesPath({ root: first.root, env, asked: flags['cache-dir'] ?? first.settings.cacheDir }),
          tell,
          onLine: (image, line) => say(`${inColourOf(image, `${image} |`, stderr)} ${shownLine(line)}`),
        }),
      )
    : undefined;
  const noticed = new Set<string>();
  const choose = async (its: AsyncDisposableStack): Promise<Chosen> => {
    const chosen = await chosenTasks({ ...invocation, stderr }, its, folder);
    for (const notice of notices(chosen, {
      up: flags.up,
      bridged,
      cwd,
    })) {
      if (!quiet && !noticed.has(notice)) say(notice);
      noticed.add(notice);
    }
    return chosen;
  };
  const page = flags['open-graph']
    ? scope.use(
        await (
          await import('../graph/page.ts')
        ).showRuns({ port: undefined, 'no-open': false }, { stdout, stderr, env, signal }),
      )
    : undefined;
  const loop = new Watch({
    engine,
    signal,
    debounce,
    ...(poll !== undefined && { poll }),
    busy: (flags['on-busy'] ?? 'restart') as 'restart' | 'queue' | 'ignore',
    initial: !flags['no-initial'],
    once: flags.once,
    ...(containers && { up: { containers, rulesOf } }),
    choose,
    show: async (chosen, ids, readings) => {
      const tasks = chosen.tasks.filter(({ request }) => ids.has(request.id));
      const startedAt = Date.now();
      const recorder = recordRun(
        { ...invocation, stderr },
        { ...chosen, tasks, meant: ids },
        { startedAt, keeps: 'worked' },
      );
      const causes = new Map(readings.map(({ image, path, step }) => [image, `${short(path)} → ${step}`]));
      const start = {
        ids: [...ids],
        names: namesOf(chosen.tasks.map(({ request }) => request)),
        startedAt,
        verbose: flags.verbose,
        root: chosen.runsRoot,
        folders: chosen.folderOf,
        facts: recorder.facts,
        retry: () => undefined,
      };
      const screen = { stdout, stderr, env };
      const shown =
        json || quiet
          ? await openRenderer(json ? 'json' : 'quiet', start, screen)
          : openWatched({ ...start, causes, digests: builds.digests }, screen);
      const differing =
        json || quiet ? shown : withDifferences(shown, { engine, signal, digests: builds.digests, say });
      const seen = page ? both(differing, page.follow(start)) : differing;
      return { renderer: builds.following(seen, { run: recorder.id, startedAt, onEnd: redraw }), recorder };
    },
    tell,
    built: (images) => after?.run(images),
  });

  const answers = new Answers({ invocation, builds, containers, status, say });
  using keys = HotKeys.listen(stdin, {
    r: () => loop.rebuild(),
    a: () => loop.rebuildAfresh(),
    f: () => loop.rebuildFailed(),
    l: () => answers.logs(keys!),
    w: () => answers.why(keys!),
    d: () => answers.difference(keys!),
    e: () => answers.shell(keys!),
    q: () => loop.stop(),
    '?': () => say(help),
  });
  redraw();
  await loop.run();
  signal.throwIfAborted();
  return loop.failed ? 1 : 0;
}

/** What a way to show runs means to a watch; a log of a CI is not watched. */
function toldAs(mode: string, env: NodeJS.ProcessEnv) {
  const isOne = ['auto', 'tty', 'plain', 'json', 'quiet'].includes(mode);
  if (!isOne && !env['MONOKIT_PROGRESS'])
    throw new Mistake(
      `a watch tells nothing as ${mode} does`,
      'write --progress plain, json or quiet, or leave it out',
    );
  return { json: mode === 'json', quiet: mode === 'quiet', plain: mode === 'plain' };
}

/** Shows a build in two places. */
function both(shown: Renderer, other: Pick<Renderer, 'report' | 'finish'>): Renderer {
  return {
    report(event) {
      shown.report(event);
      other.report(event);
    },
    finish(end) {
      shown.finish(end);
      other.finish(end);
    },
    [Symbol.dispose]: () => shown[Symbol.dispose](),
  };
}

const help = [
  'r  build all again',
  'a  the same, after ending what is being built',
  'f  build those that failed',
  'l  all that the last step wrote, or the one that failed',
  'w  why the image was built again that was built last',
  'd  what differs in that image',
  'e  a shell in the step that failed, else in the container, else in the image',
  'q  end',
].join('\n');
