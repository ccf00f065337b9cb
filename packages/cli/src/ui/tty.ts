import { styleText } from 'node:util';
import ora from 'ora';
import { failureBlocks } from './failure-block.ts';
import { bytes, duration, fit, shortDigest } from './format.ts';
import { emptyModel, reduce, type ImageModel, type RunModel, type StepModel } from './model.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { summary } from './summary.ts';
import { inColourOf, symbolsFor } from './symbols.ts';
import { Warnings } from './warnings.ts';

/**
 * The live view: finished lines scroll away above, a few lines at the bottom say what is running. This file is the home
 * of ora, which owns the cursor and draws at most twelve frames a second.
 */
export function openTty(start: RunStart, { stderr, env }: Screen): Renderer {
  let model = emptyModel(start.ids, start.startedAt);
  const symbols = symbolsFor(env);
  const warnings = new Warnings();
  const spinner = ora({ stream: stderr, interval: 84, discardStdin: false, hideCursor: true });
  let dirty = false;
  const timer = setInterval(() => {
    if (dirty || running(model).length > 0) spinner.text = live(model, stderr);
    dirty = false;
  }, 100);
  timer.unref();

  /** A line that stays, above the live region. */
  const print = (line: string) => {
    const spinning = spinner.isSpinning;
    if (spinning) spinner.clear();
    stderr.write(`${line}\n`);
    if (spinning) spinner.render();
  };
  const width = Math.min(24, Math.max(8, ...start.ids.map((id) => id.length)));

  return {
    report(event) {
      model = reduce(model, event);
      dirty = true;
      if (event.kind === 'vertex-started' && !spinner.isSpinning) spinner.start(live(model, stderr));
      if (event.kind === 'warning') warnings.add(event.diagnostic);
      if (event.kind === 'task-completed') {
        const image = model.images.get(event.task)!;
        if (image.state.kind === 'built' || start.verbose || model.images.size <= 12) print(imageLine(image));
      }
      if (event.kind === 'task-failed') print(`${styleText('red', symbols.failed)} ${event.task}`);
      if (start.verbose && event.kind === 'vertex-completed') {
        const step = model.steps.get(event.vertex)!;
        if (step.startedAt !== undefined)
          print(styleText('dim', `  ${step.name}  ${duration(event.at - step.startedAt)}`));
      }
    },
    finish(end) {
      clearInterval(timer);
      spinner.stop();
      for (const line of warnings.lines(stderr)) stderr.write(`${line}\n`);
      for (const block of failureBlocks(model, start, stderr)) stderr.write(`\n${block}\n`);
      stderr.write(summary(model, end, stderr));
    },
  };

  function imageLine({ id, state, startedAt, endedAt }: ImageModel): string {
    const cached = state.kind === 'cached';
    const symbol = cached ? styleText('dim', symbols.cached) : styleText('green', symbols.built);
    const took = startedAt === undefined || endedAt === undefined ? '' : duration(endedAt - startedAt);
    const { digest, size } = state.kind === 'built' || state.kind === 'cached' ? state : {};
    const facts = [
      took.padStart(7),
      (size === undefined ? '' : bytes(size)).padStart(10),
      digest ? styleText('dim', shortDigest(digest)) : '',
    ];
    return `${symbol} ${inColourOf(id, fit(id, width), stderr)} ${facts.join('  ')}`.trimEnd();
  }
}

function running(model: RunModel): StepModel[] {
  return [...model.steps.values()]
    .filter(({ state }) => state === 'running')
    .sort((a, b) => a.startedAt! - b.startedAt!);
}

/** The live region: the longest running steps, then what waits. */
function live(model: RunModel, stream: NodeJS.WriteStream): string {
  const columns = Math.max(60, stream.columns ?? 80) - 3;
  const rows = Math.max(1, Math.min(12, Math.floor((stream.rows ?? 24) / 3)) - 1);
  const now = Date.now();
  const steps = running(model);
  const lines = steps.slice(0, rows).map((step) => {
    const id = step.wantedBy[0] ?? '';
    const others = step.wantedBy.length > 1 ? ` +${step.wantedBy.length - 1}` : '';
    const took = duration(now - (step.startedAt ?? now)).padStart(7);
    const doing = progressOf(step) ?? step.tail.findLast((line) => line.trim() !== '')?.trim() ?? '';
    const head = `${id}${others}  ${step.name}`;
    const room = columns - took.length - 2;
    const text = doing ? `${head}  ${styleText('dim', `▏${doing}`)}` : head;
    return `${clip(text, room)}${' '.repeat(Math.max(1, room - visible(text)))}${took}`;
  });
  const done = [...model.images.values()].filter(({ state }) => !['waiting', 'running'].includes(state.kind)).length;
  const more = steps.length > rows ? `${steps.length - rows} more running · ` : '';
  lines.push(styleText('dim', `${more}${done} of ${model.images.size} images · ${duration(now - model.startedAt)}`));
  return lines.join('\n  ');
}

function progressOf({ progress }: StepModel): string | undefined {
  let [current, total] = [0, 0];
  for (const each of progress.values()) [current, total] = [current + each.current, total + (each.total ?? 0)];
  if (current === 0) return undefined;
  return total > 0 ? `${bytes(current)} of ${bytes(total)}` : bytes(current);
}

// oxlint-disable-next-line no-control-regex -- escape codes begin with a control character
const escapes = /\u001B\[[0-9;]*m/g;

function visible(text: string): number {
  return text.replace(escapes, '').length;
}

/** At most `width` visible characters; colours are dropped where it has to be cut. */
function clip(text: string, width: number): string {
  if (visible(text) <= width) return text;
  return `${text.replace(escapes, '').slice(0, Math.max(0, width - 1))}…`;
}
