import type { Dialect } from './ci-dialect.ts';
import { failureBlocks } from './failure-block.ts';
import { duration, shortName } from './format.ts';
import { Heading } from './heading.ts';
import { HeldLog, ImageLog } from './held-log.ts';
import { imageFacts, imageLine } from './image-line.ts';
import { emptyModel, isInternal, isWork, retryLine, type StepModel } from './model.ts';
import { problemsOf } from './problems.ts';
import { Pulse } from './pulse.ts';
import { reduce } from './reduce.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { summary } from './summary.ts';
import { symbolsFor } from './symbols.ts';
import { upToDateLine } from './tally-rows.ts';
import { writerTo } from './terminal.ts';
import { Warnings } from './warnings.ts';
import { withOwner } from './with-owner.ts';

/** What is held of a step, or of an image's, before a part of it is written. In characters. */
const mostHeld = 1 << 20;

/**
 * For the logs of a CI: a line when an image starts; what its steps wrote when it is done, folded away behind its line.
 * What a failing step wrote comes at once, in the open. A step that images share is told of by the first of them. Each CI
 * has its dialect for that; what steps write is kept from being taken for it.
 */
export function openCi(dialect: Dialect, start: RunStart, { stderr, env }: Screen): Renderer {
  let model = emptyModel(start);
  const symbols = symbolsFor(env);
  const warnings = new Warnings();
  const held = new Map<string, HeldLog>();
  const logs = new Map<string, ImageLog>();
  const started = new Set<string>();
  const print = writerTo(stderr, env);
  const write = (lines: readonly string[]) => print(lines.map((line) => `${line}\n`).join(''));
  const note = (line: string) => write(dialect.note(line));
  const pulse = new Pulse();
  const timer = setInterval(() => {
    for (const line of pulse.beat([...model.steps.values()], Date.now())) note(line);
  }, 1000);
  timer.unref();
  const heading = new Heading();
  const alone = start.ids.length === 1;
  return {
    report(event) {
      model = reduce(model, event);
      for (const line of heading.after(event, model, start)) note(line);
      switch (event.kind) {
        case 'vertex-started': {
          const step = model.steps.get(event.vertex);
          if (!step || isInternal(step)) return;
          for (const id of alone ? [] : step.wantedBy) {
            if (model.images.get(id)?.state.kind !== 'running' || started.has(id)) continue;
            started.add(id);
            note(`▸ ${id}`);
          }
          return;
        }
        case 'log': {
          pulse.heard(event.vertex, event.at);
          const log = held.get(event.vertex) ?? new HeldLog();
          held.set(event.vertex, log);
          log.add(Buffer.from(event.data).toString('utf8'));
          const step = model.steps.get(event.vertex);
          if (log.size > mostHeld && step) {
            write(dialect.group(`${titleOf(step)} (goes on)`, log.take({ all: false }), event.at));
          }
          return;
        }
        case 'vertex-retried': {
          const log = held.get(event.vertex) ?? new HeldLog();
          held.set(event.vertex, log);
          log.add(`${retryLine(event)}\n`);
          return;
        }
        case 'vertex-completed':
        case 'vertex-failed':
        case 'vertex-cancelled': {
          const step = model.steps.get(event.vertex);
          const lines = held.get(event.vertex)?.take({ all: true }) ?? [];
          held.delete(event.vertex);
          if (!step) return;
          const took = step.startedAt === undefined ? '' : `  ${duration(event.at - step.startedAt)}`;
          if (event.kind === 'vertex-failed') {
            return write(
              dialect.open(`${symbols.failed} ${titleOf(step)}${took}`, [...lines, `error: ${event.message}`]),
            );
          }
          const worked = event.kind === 'vertex-completed' && isWork(step) && !isInternal(step);
          if (!worked && lines.length === 0 && !start.verbose) return;
          const [owner = ''] = step.wantedBy;
          const log = logs.get(owner) ?? new ImageLog();
          logs.set(owner, log);
          log.add(`▸ ${shortName(step.name)}${took}`, lines);
          if (log.size > mostHeld) write(dialect.group(`${owner} (goes on)`, log.take(), event.at));
          return;
        }
        case 'task-completed': {
          const image = model.images.get(event.task)!;
          const line = imageLine(imageFacts(model, image, start), symbols);
          const lines = logs.get(event.task)?.take() ?? [];
          if (lines.length > 0) write(dialect.group(line, lines, event.at));
          else if (alone || start.verbose || image.state.kind === 'built') note(line);
          return;
        }
        case 'task-failed':
        case 'task-blocked':
        case 'task-cancelled': {
          const lines = logs.get(event.task)?.take() ?? [];
          const sign = symbols[model.images.get(event.task)!.state.kind === 'cancelled' ? 'cancelled' : 'blocked'];
          if (lines.length > 0) write(dialect.group(`${sign} ${event.task}: what it did until then`, lines, event.at));
          return;
        }
        case 'warning':
          warnings.add(event.diagnostic);
          return;
        default:
      }
    },
    finish(end) {
      clearInterval(timer);
      const problems = problemsOf(model, start, { warnings: warnings.all(), env });
      for (const block of failureBlocks(model, start, { stderr, env }, { output: false })) {
        const [head = '', ...lines] = block.trimEnd().split('\n');
        write(dialect.open(head, lines));
      }
      const told = warnings.lines(stderr);
      if (told.length > 0) write(dialect.open(`${told.length === 1 ? 'warning' : `${told.length} warnings`}`, told));
      write(problems.flatMap((problem) => dialect.annotation?.(problem) ?? []));
      const cached = alone || start.verbose ? undefined : upToDateLine(model, symbols.cached);
      const lines = summary(model, start, end, { stream: stderr, env }).trimEnd().split('\n');
      write(dialect.open(cached ?? (end.code === 0 ? 'done' : 'failed'), lines));
    },
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };

  /** With the image that wants it, where there are several. */
  function titleOf(step: StepModel): string {
    const short = shortName(step.name);
    return alone ? short : withOwner(short, step);
  }
}
