import type { Digest, ImageKeys, RunEvent } from '@monokit/engine';
import { stopCode, timedOut } from '../mistake.ts';
import { History } from '../runs/history.ts';
import {
  type RecordedGit,
  type RecordedImage,
  type RecordedStep,
  type RecordedWarning,
  type RunRecord,
} from '../runs/record.ts';
import { newRunId } from '../runs/run-id.ts';
import { isRunning, RunLog } from '../runs/run-log.ts';
import { RunsFolder } from '../runs/runs-folder.ts';
import { timesOf, worthOf } from '../runs/times.ts';
import type { RunFacts } from '../ui/facts.ts';
import { messageOf } from '../ui/failure.ts';
import { isInternal, retryLine } from '../ui/model.ts';
import type { RunEnd } from '../ui/renderer.ts';
import { shellWord } from '../ui/shell-word.ts';
import { stepWord } from '../ui/step-word.ts';
import { RunCauses } from '../why/run-causes.ts';
import { gitAt } from './git.ts';
import { headerOf } from './header.ts';
import { recordedEnds, type ImageEnd } from './recorded-failures.ts';
import { RecordedSteps } from './recorded-steps.ts';
import { Redaction } from './redact.ts';
import type { RunBegin } from './run-begin.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Writes down a run while its events come in. Nothing that goes wrong in it fails the run. */
export class Recorder implements AsyncDisposable {
  readonly id: string;
  readonly #begin: RunBegin;
  readonly #folder: RunsFolder;
  readonly #redaction: Redaction;
  readonly #images: Map<string, Mutable<RecordedImage>>;
  /** Images of which something ran. */
  readonly #built = new Set<string>();
  readonly #ends: ImageEnd[] = [];
  readonly #steps: RecordedSteps;
  /** Steps that failed and can be entered. */
  readonly #kept = new Set<Digest>();
  readonly #warnings: RecordedWarning[] = [];
  #git: ReturnType<typeof gitAt> | undefined;
  readonly #causes: RunCauses;
  #log: RunLog | undefined;
  #state: 'open' | 'broken' | 'finished' = 'open';
  #worked = false;

  constructor(begin: RunBegin) {
    this.#begin = begin;
    this.id = newRunId(begin.startedAt);
    this.#folder = new RunsFolder(begin.path);
    this.#causes = new RunCauses(begin);
    const args = begin.requests.flatMap(({ source }) => Object.entries(source.options ?? {}));
    this.#redaction = new Redaction(begin.command, args);
    this.#steps = new RecordedSteps({ redaction: this.#redaction, folders: begin.folders });
    this.#images = new Map(begin.requests.map(({ id }) => [id, { id, status: 'cancelled' }]));
    if (begin.keeps === 'every') this.#git = gitAt(begin.root, begin.env);
  }

  /** The file that the record will be in. */
  get path(): string {
    return this.#folder.recordPath(this.id);
  }

  /** What renderers are told of it. */
  get facts(): RunFacts {
    return {
      ...this.#causes.facts,
      record: () => (this.#state === 'broken' ? undefined : { id: this.id, file: this.path, next: this.#next() }),
      logs: (vertex) => {
        const step = this.#steps.get(vertex);
        return step && this.#state !== 'broken' ? this.#line('runs', 'logs', this.id, stepWord(step)) : undefined;
      },
      times: () => timesOf(this.#recordedSteps(true), this.worth().saved),
      shell: (vertex) => {
        const step = this.#kept.has(vertex) ? this.#steps.get(vertex) : undefined;
        return step && this.#line('shell', stepWord(step));
      },
    };
  }

  /** Where to go from a run that did something, for people who may. */
  #next(): readonly string[] {
    if (!this.#worked || this.#begin.env['CI'] !== undefined) return [];
    // Whoever builds here for the first time may not know what else there is.
    const isFirst = this.#folder.ids().every((id) => id === this.id);
    return isFirst ? [this.#line('watch'), this.#line('graph', '--open')] : [this.#line('runs', 'open')];
  }

  /** A command line that finds what this one left. */
  #line(...words: readonly string[]): string {
    const { cacheDir } = this.#begin;
    return ['cli', ...words, ...(cacheDir === undefined ? [] : ['--cache-dir', cacheDir])].map(shellWord).join(' ');
  }

  /** How long its steps took, and how long those that did not run took when they last did, in ms. */
  worth(): { readonly spent: number; readonly saved: number } {
    const steps = this.#recordedSteps(true);
    let history: History | undefined;
    return worthOf(steps, (step) => (history ??= History.open(this.#begin.path)).estimate(step)?.duration);
  }

  /** Takes what an image is made of. */
  onKeys(image: string, keys: readonly ImageKeys[]): Promise<void> {
    return this.#causes.onKeys(image, keys);
  }

  report(event: RunEvent): void {
    this.#causes.report(event);
    if (this.#state !== 'open') return;
    this.#steps.report(event);
    switch (event.kind) {
      case 'vertex-started':
        return this.#start(event.vertex, event.at);
      case 'vertex-retried':
        return this.#attempt(() => this.#opened().write(event.vertex, Buffer.from(`${retryLine(event)}\n`)));
      case 'vertex-failed':
        this.#worked = true;
        return;
      case 'vertex-kept':
        this.#kept.add(event.vertex);
        return;
      case 'log':
        return this.#attempt(() => this.#opened().write(event.vertex, event.data));
      case 'warning': {
        const { code, message, file, range } = event.diagnostic;
        const line = range && { line: range.start.line };
        this.#warnings.push({ code, message: this.#redaction.text(message), file, ...line });
        return;
      }
      case 'task-completed': {
        const { task, digest, size, at } = event;
        const result = { ...(digest && { digest }), ...(size !== undefined && { size }) };
        return this.#image(task, { status: this.#built.has(task) ? 'built' : 'cached', endedAt: at, ...result });
      }
      case 'task-failed': {
        this.#worked = true;
        this.#ends.push(event);
        const error = this.#redaction.text(messageOf(event.error));
        return this.#image(event.task, { status: 'failed', endedAt: event.at, error });
      }
      case 'task-blocked':
      case 'task-cancelled':
        this.#ends.push(event);
        return this.#image(event.task, { endedAt: event.at });
      default:
    }
  }

  /** Writes the record; gives it, where that worked. The first call counts. */
  async finish({ code, endedAt }: RunEnd): Promise<RunRecord | undefined> {
    if (this.#state === 'finished') return undefined;
    const { path, warn, keeps, signal } = this.#begin;
    const git = await this.#git?.within(gitPatience);
    let record: RunRecord | undefined;
    this.#attempt(() => {
      this.#log?.[Symbol.dispose]();
      if (this.#state === 'broken') return;
      if (keeps === 'worked' && !this.#worked) return this.#folder.remove(this.id);
      const made = {
        ...this.#header(git),
        ...this.#result(code === 0),
        endedAt,
        code: stopCode(signal) ?? code,
        ...timedOut(signal),
      };
      this.#folder.write(made);
      record = made;
    });
    this.#state = 'finished';
    if (!record) return undefined;
    try {
      await History.update(path, record);
      this.#causes.finish(record);
      this.#folder.prune(endedAt, (id) => id === this.id || isRunning(this.#folder, id));
    } catch (error) {
      warn(`what was learnt of this run could not be kept: ${messageOf(error)}`);
    }
    await this.#begin.written?.(record, this.path);
    return record;
  }

  /** A run that nobody finished ended by a mistake or a bug, which is told elsewhere. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'finished') await this.finish({ code: 1, endedAt: Date.now() });
  }

  #start(vertex: Digest, at: number): void {
    const step = this.#steps.get(vertex);
    // What is in no image's graph, such as a look at a base, is no work of a build.
    if (!step || step.wantedBy.length === 0) return;
    for (const id of step.wantedBy) {
      const image = this.#images.get(id);
      if (image) image.startedAt ??= at;
    }
    // Nor is a look at a folder.
    if (isInternal(step)) return;
    for (const id of step.wantedBy) this.#built.add(id);
    if (this.#worked) return;
    this.#worked = true;
    this.#git ??= gitAt(this.#begin.root, this.#begin.env);
    this.#attempt(() => this.#opened());
  }

  #image(id: string, change: Partial<RecordedImage>): void {
    const image = this.#images.get(id);
    if (image) Object.assign(image, change);
  }

  /** The log, and before it a record that tells of a run which has not ended: that is what a killed one leaves. */
  #opened(): RunLog {
    if (this.#log) return this.#log;
    this.#folder.make();
    const log = new RunLog(this.#folder.logPath(this.id));
    this.#log = log;
    this.#folder.write({ ...this.#header(undefined), images: [], steps: [], failures: [], warnings: [] });
    return log;
  }

  #header(git: RecordedGit | undefined) {
    return headerOf(this.#begin, { id: this.id, redaction: this.#redaction, git });
  }

  #result(good: boolean) {
    const steps = this.#recordedSteps(good);
    const ids = [...this.#images.keys()];
    const { states, failures } = recordedEnds(this.#ends, { ids, steps, folders: this.#begin.folders });
    const { error } = this.#log ?? {};
    return {
      images: [...this.#images.values()].map((image): RecordedImage => {
        const state = states.get(image.id);
        return state?.kind === 'blocked' ? { ...image, status: state.kind, because: state.because } : image;
      }),
      steps,
      failures: failures.map((failure) => ({
        ...failure,
        message: this.#redaction.text(failure.message),
        because: failure.because.map((each) => this.#redaction.text(each)),
        ...(failure.excerpt !== undefined && { excerpt: this.#redaction.text(failure.excerpt) }),
      })),
      warnings: this.#warnings,
      ...(error !== undefined && { logError: error }),
    } as const;
  }

  #recordedSteps(good: boolean): readonly RecordedStep[] {
    return this.#steps.recorded(good, (vertex) => this.#log?.of(vertex));
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (this.#state === 'broken') return;
      this.#state = 'broken';
      this.#begin.warn(`this run could not be written down: ${messageOf(error)}`);
    }
  }
}

/** How long the end of a run waits for git, in milliseconds. */
const gitPatience = 250;
