// The graph as a page: what it is asked, of a graph that is known and of a run that goes on.

import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { RunEvent } from '@monokit/engine';
import type { Invocation } from '../command.ts';
import { Mistake } from '../mistake.ts';
import { Feed, type EventLine } from '../page/feed.ts';
import type { Api } from '../page/server.ts';
import { showPage } from '../page/show.ts';
import { openJson } from '../ui/json.ts';
import type { RunEnd, RunStart } from '../ui/renderer.ts';
import type { DetailedGraph } from './details.ts';

type PageFlags = Parameters<typeof showPage>[1];
type World = Pick<Invocation, 'stdout' | 'stderr' | 'env' | 'signal'>;

/** What the page gets first. */
export interface ShownGraphPage {
  /** Absent where the run's own events tell of it. */
  readonly graph?: DetailedGraph;
  readonly level: 'image' | 'step' | undefined;
  /** Whether events come. */
  readonly live: boolean;
}

/** A graph to look at, and the events of a run of it where there are some. */
export function showGraph(
  shown: { readonly graph: DetailedGraph; readonly level: ShownGraphPage['level']; readonly events: Feed | undefined },
  flags: PageFlags,
  world: World,
): Promise<AsyncDisposable> {
  const { graph, level, events } = shown;
  const page: ShownGraphPage = { graph, level, live: events !== undefined };
  return showPage({ page: 'graph', api: apiOf(page, events, world) }, flags, world);
}

/** A page that follows the run of this process. */
export interface RunPage extends AsyncDisposable {
  start(start: RunStart): void;
  report(event: RunEvent): void;
  finish(end: RunEnd): void;
}

/** A page that follows one run after another. */
export interface RunsPage extends AsyncDisposable {
  /** The run that begins now; one that was before it is over, or tells nothing more. */
  follow(start: RunStart): Pick<RunPage, 'report' | 'finish'>;
  /** No more runs come. */
  end(): void;
}

/** Standard output is the runs': the address goes to where people read. */
export async function showRuns(flags: PageFlags, world: World): Promise<RunsPage> {
  const feed = new Feed();
  const page: ShownGraphPage = { level: undefined, live: true };
  const told = { ...world, stdout: world.stderr };
  const shown = await showPage({ page: 'graph', api: apiOf(page, feed, world) }, flags, told);
  const write = (line: string) => {
    feed.push(JSON.parse(line) as EventLine);
    return true;
  };
  return {
    follow: (start) => openJson(start, { stdout: { write } }),
    end: () => feed.end(),
    [Symbol.asyncDispose]: () => shown[Symbol.asyncDispose](),
  };
}

/** The same for a single run. */
export async function showRun(flags: PageFlags, world: World): Promise<RunPage> {
  const page = await showRuns(flags, world);
  let lines: ReturnType<typeof page.follow> | undefined;
  return {
    start: (start) => (lines = page.follow(start)),
    report: (event) => lines?.report(event),
    finish(end) {
      lines?.finish(end);
      page.end();
    },
    [Symbol.asyncDispose]: () => page[Symbol.asyncDispose](),
  };
}

/** The lines of `cli build --json`, out of a file or, for `-`, from standard input. */
export function followEvents(file: string, { stdin }: Pick<Invocation, 'stdin'>): Feed {
  if (file !== '-' && !existsSync(file)) throw new Mistake(`there is no file ${file} to follow`);
  const feed = new Feed();
  const input = file === '-' ? stdin : createReadStream(file);
  const lines = createInterface({ input });
  // A line that is none of ours is somebody else's on the same pipe.
  lines.on('line', (line) => {
    const event = eventIn(line);
    if (event) feed.push(event);
  });
  lines.on('close', () => feed.end());
  input.on('error', (error: Error) => {
    feed.push({ type: 'feed.error', message: `${file} can't be read: ${error.message}` });
    feed.end();
  });
  return feed;
}

function eventIn(line: string): EventLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const event = JSON.parse(line) as { readonly v?: unknown; readonly type?: unknown };
    return event.v === 1 && typeof event.type === 'string' ? (event as unknown as EventLine) : undefined;
  } catch {
    return undefined;
  }
}

function apiOf(page: ShownGraphPage, events: Feed | undefined, { signal: stopped }: World): Api {
  return {
    'GET graph': async ({ send }) => send(page),
    'GET events': async ({ signal, send }) => {
      if (!events) throw new Mistake('nothing runs');
      for await (const line of events.read(AbortSignal.any([signal, stopped]))) await send(line);
    },
  };
}
