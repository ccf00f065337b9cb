import { duration, bytes, shortDigest } from './format.ts';
import { failureBlocks } from './failure-block.ts';
import { emptyModel, isWork, reduce, type StepModel } from './model.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { summary } from './summary.ts';
import { symbolsFor } from './symbols.ts';
import { Warnings } from './warnings.ts';

/** Lines without cursor codes: a step's when it starts and ends with what it wrote, an image's when it is done. */
export function openPlain(start: RunStart, { stderr, env }: Screen): Renderer {
  let model = emptyModel(start.ids, start.startedAt);
  const symbols = symbolsFor(env);
  const numbers = new Map<string, number>();
  const open = new Map<string, string>();
  const warnings = new Warnings();
  const write = (text: string) => stderr.write(`${text}\n`);
  const numberOf = (vertex: string) => {
    const number = numbers.get(vertex) ?? numbers.size + 1;
    numbers.set(vertex, number);
    return number;
  };
  return {
    report(event) {
      model = reduce(model, event);
      switch (event.kind) {
        case 'vertex-started':
          write(`#${numberOf(event.vertex)} ${nameOf(model.steps.get(event.vertex))}`);
          return;
        case 'vertex-cached':
          if (start.verbose) write(`#${numberOf(event.vertex)} CACHED ${nameOf(model.steps.get(event.vertex))}`);
          return;
        case 'vertex-completed':
        case 'vertex-failed':
        case 'vertex-cancelled': {
          const step = model.steps.get(event.vertex);
          flush(event.vertex, step);
          if (!step || (!isWork(step) && step.state === 'done' && !start.verbose)) return;
          const took = step.startedAt === undefined ? '' : ` ${duration(event.at - step.startedAt)}`;
          const word = { done: 'DONE', failed: 'ERROR', cancelled: 'CANCELLED', known: '', running: '', cached: '' }[
            step.state
          ];
          write(
            `#${numberOf(event.vertex)} ${word}${took}${event.kind === 'vertex-failed' ? `: ${event.message}` : ''}`,
          );
          return;
        }
        case 'log':
          log(event.vertex, Buffer.from(event.data).toString('utf8'), event.at);
          return;
        case 'task-completed': {
          const image = model.images.get(event.task)!;
          const symbol = image.state.kind === 'cached' ? symbols.cached : symbols.built;
          const took = image.startedAt === undefined ? '' : duration(event.at - image.startedAt);
          const facts = [
            took,
            event.size === undefined ? '' : bytes(event.size),
            event.digest ? shortDigest(event.digest) : '',
          ];
          if (image.state.kind === 'built' || start.verbose || model.images.size <= 12) {
            write([symbol, event.task, ...facts.filter(Boolean)].join('  '));
          }
          return;
        }
        case 'warning':
          warnings.add(event.diagnostic);
          return;
        default:
      }
    },
    finish(end) {
      for (const line of warnings.lines(stderr)) write(line);
      for (const block of failureBlocks(model, start, stderr)) write(`\n${block}`);
      stderr.write(summary(model, end, stderr));
    },
  };

  /** Whole lines only, each with its step's number and the time since the step began. */
  function log(vertex: string, text: string, at: number): void {
    const lines = ((open.get(vertex) ?? '') + text).split('\n');
    open.set(vertex, lines.pop()!);
    const started = model.steps.get(vertex as StepModel['vertex'])?.startedAt ?? at;
    for (const line of lines) write(`#${numberOf(vertex)} ${((at - started) / 1000).toFixed(3)} ${line}`);
  }

  function flush(vertex: string, step: StepModel | undefined): void {
    const rest = open.get(vertex);
    open.delete(vertex);
    if (rest) log(vertex, `${rest}\n`, step?.endedAt ?? Date.now());
  }
}

function nameOf(step: StepModel | undefined): string {
  return step?.name ?? '';
}
