import { ending } from './ending.ts';
import { duration } from './format.ts';
import { Heading } from './heading.ts';
import { imageFacts, imageLine } from './image-line.ts';
import { emptyModel, isInternal, isWork, retryLine, type StepModel } from './model.ts';
import { Pulse } from './pulse.ts';
import { reduce } from './reduce.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { symbolsFor } from './symbols.ts';
import { harmless, oneLine, tame } from './tame.ts';
import { writerTo } from './terminal.ts';
import { Warnings } from './warnings.ts';
import { withOwner } from './with-owner.ts';

/** Lines without cursor codes: a step's when it starts and ends with what it wrote, an image's when it is done. */
export function openPlain(start: RunStart, { stderr, env }: Screen): Renderer {
  let model = emptyModel(start);
  const symbols = symbolsFor(env);
  const numbers = new Map<string, number>();
  const open = new Map<string, string>();
  const warnings = new Warnings();
  const print = writerTo(stderr, env);
  const write = (text: string) => print(`${text}\n`);
  const pulse = new Pulse();
  const timer = setInterval(() => {
    for (const line of pulse.beat([...model.steps.values()], Date.now())) write(line);
  }, 1000);
  timer.unref();
  const heading = new Heading();
  const alone = start.ids.length === 1;
  return {
    report(event) {
      model = reduce(model, event);
      for (const line of heading.after(event, model, start)) write(line);
      switch (event.kind) {
        case 'vertex-started': {
          const step = model.steps.get(event.vertex);
          if (step && (start.verbose || !isInternal(step))) write(`#${numberOf(event.vertex)} ${titleOf(step)}`);
          return;
        }
        case 'vertex-cached':
          if (start.verbose) {
            write(`#${numberOf(event.vertex)} CACHED ${oneLine(model.steps.get(event.vertex)?.name ?? '')}`.trimEnd());
          }
          return;
        case 'vertex-completed':
        case 'vertex-failed':
        case 'vertex-cancelled': {
          const step = model.steps.get(event.vertex);
          if (!step) return;
          flush(event.vertex, step);
          const took = step.startedAt === undefined ? '' : ` ${duration(event.at - step.startedAt)}`;
          if (event.kind === 'vertex-failed') {
            if (!numbers.has(event.vertex)) write(`#${numberOf(event.vertex)} ${titleOf(step)}`);
            write(`#${numberOf(event.vertex)} ERROR${took}: ${harmless(event.message)}`);
          } else if (event.kind === 'vertex-cancelled') {
            if (numbers.has(event.vertex)) write(`#${numberOf(event.vertex)} CANCELLED${took}`);
          } else if (isWork(step) || start.verbose) write(`#${numberOf(event.vertex)} DONE${took}`);
          return;
        }
        case 'log':
          pulse.heard(event.vertex, event.at);
          log(event.vertex, Buffer.from(event.data).toString('utf8'), event.at);
          return;
        case 'vertex-retried':
          log(event.vertex, `${retryLine(event)}\n`, event.at);
          return;
        case 'task-completed': {
          const image = model.images.get(event.task)!;
          if (image.state.kind === 'cached' && !start.verbose && !alone) return;
          write(imageLine(imageFacts(model, image, start), symbols));
          return;
        }
        case 'task-cancelled': {
          // One that had not begun is only counted.
          const { state, startedAt } = model.images.get(event.task)!;
          if (state.kind === 'cancelled' && startedAt !== undefined)
            write(`${symbols.cancelled} ${event.task}  cancelled`);
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
      for (const line of warnings.lines(stderr)) write(line);
      print(ending(model, start, end, { stderr, env }));
    },
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };

  /** With the image that wants it, where there are several. */
  function titleOf(step: StepModel): string {
    const line = oneLine(step.name);
    return alone ? line : withOwner(line, step);
  }

  function numberOf(vertex: string): number {
    const number = numbers.get(vertex) ?? numbers.size + 1;
    numbers.set(vertex, number);
    return number;
  }

  /** Whole lines only, each with its step's number and the time since the step began. */
  function log(vertex: string, text: string, at: number): void {
    const lines = ((open.get(vertex) ?? '') + text).split('\n');
    open.set(vertex, lines.pop()!);
    const started = model.steps.get(vertex as StepModel['vertex'])?.startedAt ?? at;
    for (const line of lines) write(`#${numberOf(vertex)} ${((at - started) / 1000).toFixed(3)} ${tame(line)}`);
  }

  function flush(vertex: string, { endedAt }: StepModel): void {
    const rest = open.get(vertex);
    open.delete(vertex);
    if (rest) log(vertex, `${rest}\n`, endedAt ?? Date.now());
  }
}
