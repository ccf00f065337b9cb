import type { Ora } from 'ora';
import { styleText } from 'node:util';
import { failureBlocks } from './failure-block.ts';
import { duration, fit } from './format.ts';
import { heading } from './heading.ts';
import { imageFacts } from './image-line.ts';
import { live } from './live.ts';
import { emptyModel, isInternal, reduce, type ImageModel } from './model.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { isUpToDate, summary, upToDateLine } from './summary.ts';
import { inColourOf, symbolsFor } from './symbols.ts';
import { inAscii, speaksUtf8, writerTo } from './terminal.ts';
import { Warnings } from './warnings.ts';

/** A frame is drawn so often at most, and only if something changed or a clock is shown. In milliseconds. */
const frame = 100;

/** A run that is over by then needs no spinner. In milliseconds after the renderer was opened. */
const firstFrame = 40;

/**
 * The live view: finished lines scroll away above, a few lines at the bottom say what is running. This file is the home
 * of ora, which owns the cursor.
 */
export function openTty(start: RunStart, { stderr, env }: Screen): Renderer {
  let model = emptyModel(start.ids, start.startedAt);
  const symbols = symbolsFor(env);
  const utf8 = speaksUtf8(env);
  const warnings = new Warnings();
  const out = writerTo(stderr, env);
  let spinner: Ora | undefined;
  let state: 'waiting' | 'opening' | 'open' | 'closed' = 'waiting';
  const draw = () => {
    const now = Date.now();
    const { columns = 80, rows = 24 } = stderr;
    const text = live(model, { columns, rows, now, stream: stderr, remaining: start.facts?.remaining?.(now) });
    return utf8 ? text : inAscii(text);
  };
  const first = setTimeout(() => void open(), firstFrame);
  const timer = setInterval(() => {
    if (spinner) spinner.text = draw();
  }, frame);
  for (const each of [first, timer]) each.unref();
  let headed = false;
  const alone = start.ids.length === 1;

  /** A line that stays, above the live region. */
  const print = (line: string) => {
    spinner?.clear();
    out(`${line}\n`);
    spinner?.render();
  };
  const width = Math.min(24, Math.max(8, ...start.ids.map((id) => id.length)));

  return {
    report(event) {
      model = reduce(model, event);
      if (event.kind === 'vertex-started' && !headed) {
        const step = model.steps.get(event.vertex);
        if (step && step.wantedBy.length > 0 && !isInternal(step)) {
          headed = true;
          for (const line of heading(model, start)) print(styleText('dim', line, { stream: stderr }));
        }
      }
      if (event.kind === 'warning') warnings.add(event.diagnostic);
      if (event.kind === 'task-completed') {
        const image = model.images.get(event.task)!;
        if (image.state.kind === 'built' || start.verbose || alone) print(lineOf(image));
      }
      if (event.kind === 'task-failed') print(`${styleText('red', symbols.failed, { stream: stderr })} ${event.task}`);
      if (start.verbose && event.kind === 'vertex-completed') {
        const step = model.steps.get(event.vertex);
        if (step?.startedAt !== undefined)
          print(styleText('dim', `  ${step.name}  ${duration(event.at - step.startedAt)}`, { stream: stderr }));
      }
    },
    finish(end) {
      stop();
      for (const line of warnings.lines(stderr)) out(`${line}\n`);
      for (const block of failureBlocks(model, start, stderr)) out(`\n${block}`);
      const cached = alone || start.verbose ? undefined : upToDateLine(model, symbols.cached);
      if (cached !== undefined) out(`${cached}\n`);
      if (!isUpToDate(model)) out('\n');
      out(summary(model, start, end, stderr));
    },
    [Symbol.dispose]: stop,
  };

  async function open(): Promise<void> {
    state = 'opening';
    const { default: ora } = await import('ora');
    if (state !== 'opening') return;
    state = 'open';
    const look = { spinner: utf8 ? 'dots' : 'line', interval: frame } as const;
    spinner = ora({ stream: stderr, discardStdin: false, hideCursor: true, isEnabled: true, ...look });
    spinner.start(draw());
  }

  function stop(): void {
    clearTimeout(first);
    clearInterval(timer);
    state = 'closed';
    spinner?.stop();
    spinner = undefined;
  }

  function lineOf(image: ImageModel): string {
    const { symbol, id, note, took, size, digest } = imageFacts(model, image, start);
    const sign = styleText(symbol === 'built' ? 'green' : 'dim', symbols[symbol], { stream: stderr });
    const name = id.length > width ? id : fit(id, width);
    const columns = stderr.columns ?? 80;
    const room = Math.max(0, columns - [...name].length - 44);
    const facts = [
      styleText('dim', fit(note, room), { stream: stderr }),
      took.padStart(7),
      size.padStart(10),
      styleText('dim', digest, { stream: stderr }),
    ];
    return `${sign} ${inColourOf(id, name, stderr)} ${facts.join('  ')}`.trimEnd();
  }
}
