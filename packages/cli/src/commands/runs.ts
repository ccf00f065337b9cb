import { once } from 'node:events';
import { command, type Invocation } from '../command.ts';
import type { Flags } from '../flags/flags.ts';
import { cacheDirFlag } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import type { KeptRun, RunsHere } from '../runs/runs-here.ts';

const flags = {
  json: { kind: 'switch', help: 'Of ls, show and diff: JSON, for programs', env: false },
  number: {
    kind: 'value',
    short: 'n',
    placeholder: 'N',
    help: 'Of ls: how many runs, 20 by default; of logs: how many of the last lines of each step',
    env: false,
  },
  html: {
    kind: 'value',
    placeholder: 'FILE',
    help: 'Of open: write the timeline to this file (- for standard output), and open nothing',
    env: false,
  },
  all: { kind: 'switch', help: 'Of rm: every run that has ended', env: false },
  ...cacheDirFlag,
} as const satisfies Flags;

type Told = Invocation<typeof flags>;
type Run = (told: Told, runs: RunsHere, words: readonly string[]) => Promise<number>;

const verbs: Readonly<Record<string, Run>> = { ls, show, logs, diff, open, rm };

/** Verbs that a flag goes with. */
const owners: Readonly<Partial<Record<keyof typeof flags, readonly string[]>>> = {
  json: ['ls', 'show', 'diff'],
  number: ['ls', 'logs'],
  html: ['open'],
  all: ['rm'],
};

export const runs = command({
  summary: 'Look at past runs: their times, logs and timelines, and what differs between two',
  usage: '{ls | show [RUN] | logs [RUN] [STEP|IMAGE] | diff [RUN] [RUN] | open [RUN] | rm RUN…}',
  description: `
Each build, release and round of a watch leaves a record: what was built and why it took
so long, what failed, and all that its steps wrote. The last 100 of each workspace are
kept, for 30 days; cli prune does not touch them.

RUN is the beginning or the end of an id, @last (when left out), @failed, -1 for the last
run and -2 for the one before it, or the file of a record (--summarize=FILE).
STEP is a step as failures name it (web#build:5) or the beginning of its digest.

diff compares two runs, the last two when none is named. open shows a run as a timeline in
the browser: one file of HTML that needs nothing beside it.`,
  flags,
  examples: [
    ['cli runs ls', 'the last twenty'],
    ['cli runs show @failed', 'what went wrong when something last did'],
    ['cli runs logs web#build:5', 'all that a step of the last run wrote'],
    ['cli runs logs -2 web', 'and all steps of web, in the run before'],
    ['cli runs diff', 'what the last run did that the one before did not'],
    ['cli runs open', 'the timeline of the last run'],
    ['cli runs open --html run.html', 'the same as a file, to send to somebody'],
  ],
  async run(invocation) {
    const [verb, ...words] = invocation.positionals;
    const run = verb === undefined ? undefined : verbs[verb];
    if (verb === undefined || !run) {
      const { nearest } = await import('@monokit/engine/std/nearest');
      const near = verb === undefined ? undefined : nearest(verb, Object.keys(verbs));
      const message = verb === undefined ? 'runs needs a verb' : `runs has no ${JSON.stringify(verb)}`;
      throw new Mistake(message, near ? `did you mean cli runs ${near}?` : `it has ${Object.keys(verbs).join(', ')}`);
    }
    for (const [name, among] of Object.entries(owners)) {
      const given = invocation.flags[name as keyof typeof flags];
      if (given === undefined || given === false || among.includes(verb)) continue;
      throw new Mistake(`--${name} goes with runs ${among.join(', ')}, not with ${verb}`);
    }
    const { RunsHere } = await import('../runs/runs-here.ts');
    return run(invocation, await RunsHere.open(invocation), words);
  },
});

async function ls({ flags, stdout, stderr, env }: Told, runs: RunsHere, words: readonly string[]): Promise<number> {
  atMost(words, 0, 'ls takes no run');
  const { listed, runsTable } = await import('../runs/list.ts');
  const found = runs.runs().take(numberOf(flags.number) ?? 20);
  if (flags.json) {
    stdout.write(`${JSON.stringify([...found].map(listed), null, 2)}\n`);
    return 0;
  }
  const list = [...found];
  if (list.length === 0)
    stderr.write('no run is kept here: cli build, watch and release keep theirs; --cache-dir names another place\n');
  else stdout.write(runsTable(list, { stdout, env, now: Date.now() }));
  const more = runs.ids().length - list.length;
  if (list.length > 0 && more > 0) stderr.write(`… ${more} more: cli runs ls -n ${runs.ids().length}\n`);
  return 0;
}

async function show({ flags, stdout, env }: Told, runs: RunsHere, words: readonly string[]): Promise<number> {
  atMost(words, 1, 'show takes one run');
  const run = runs.find(words[0]);
  if (flags.json) stdout.write(`${JSON.stringify(run.record, null, 2)}\n`);
  else stdout.write((await import('../runs/show.ts')).showRun(run, { stdout, env, now: Date.now() }));
  return 0;
}

async function logs({ flags, stdout, stderr }: Told, runs: RunsHere, words: readonly string[]): Promise<number> {
  atMost(words, 2, 'logs takes a run and a step or an image');
  const [first, second] = words;
  // A single word is a run if it can be one, else a step of the last.
  const isRun = first !== undefined && (second !== undefined || runs.knows(first));
  const run = runs.find(isRun ? first : undefined);
  const word = isRun ? second : first;
  const { logText, loggedSteps, wholeLog } = await import('../runs/logs.ts');
  if (run.record.endedAt === undefined) return print(stdout, wholeLog(run, word));
  const path = logOf(run);
  const steps = loggedSteps(run, word);
  if (steps.length === 0) {
    const silent = word === undefined ? 'no step wrote anything' : `${word} wrote nothing`;
    stderr.write(`${silent} in ${run.record.id}: cli runs ls lists other runs\n`);
  }
  return print(stdout, logText(steps, path, { most: numberOf(flags.number) }));
}

async function diff({ flags, stdout }: Told, runs: RunsHere, words: readonly string[]): Promise<number> {
  atMost(words, 2, 'diff takes two runs');
  const [a = '-2', b = '-1'] = words;
  const { diffRuns, diffText } = await import('../runs/diff.ts');
  const found = diffRuns(runs.find(a), runs.find(b));
  stdout.write(flags.json ? `${JSON.stringify(found, null, 2)}\n` : diffText(found, stdout));
  return 0;
}

async function open(told: Told, runs: RunsHere, words: readonly string[]): Promise<number> {
  atMost(words, 1, 'open takes one run');
  const { openTimeline } = await import('../runs/open.ts');
  return openTimeline(runs.find(words[0]), told.flags.html, told);
}

async function rm({ flags, stdout }: Told, runs: RunsHere, words: readonly string[]): Promise<number> {
  if (words.length === 0 && !flags.all) throw new Mistake('rm takes runs', 'name some, or --all for every one');
  const ids = flags.all ? runs.ids().filter((id) => !runs.isRunning(id)) : words.map((word) => runs.idOf(word));
  for (const id of ids) {
    if (runs.isRunning(id)) throw new Mistake(`${id} still runs`, 'stop it first');
    runs.remove(id);
    stdout.write(`${id}\n`);
  }
  return 0;
}

/** Where the logs of a run are; a record that somebody brought here alone has none. */
function logOf({ logPath, path }: KeptRun): string {
  if (logPath !== undefined) return logPath;
  throw new Mistake(`${path} came without its logs`, 'they lie beside the record where the run was');
}

async function print(stdout: NodeJS.WriteStream, pieces: Iterable<string | Buffer>): Promise<number> {
  for (const piece of pieces) {
    if (stdout.destroyed) break; // whoever read it has seen enough
    if (!stdout.write(piece)) await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]);
  }
  return 0;
}

function atMost(words: readonly string[], most: number, message: string): void {
  if (words.length > most) throw new Mistake(message, `got ${words.join(' ')}`);
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new Mistake(`-n needs a number, got ${JSON.stringify(text)}`);
  return Number(text);
}
