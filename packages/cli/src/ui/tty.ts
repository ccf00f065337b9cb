import { styleText } from 'node:util';
import { clip, fit, widthOf } from './columns.ts';
import { failureBlocks } from './failure-block.ts';
import { failuresOf } from './failures.ts';
import { duration, shortName } from './format.ts';
import { Heading } from './heading.ts';
import { imageFacts } from './image-line.ts';
import { live } from './live.ts';
import { MachineWatch } from './machine.ts';
import { emptyModel, reduce, type ImageModel, type StepModel } from './model.ts';
import { Region } from './region.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { isUpToDate, summary, upToDateLine } from './summary.ts';
import { inColourOf, symbolsFor } from './symbols.ts';
import { inAscii, speaksUtf8, writerTo } from './terminal.ts';
import { Warnings } from './warnings.ts';

/** Columns of time, size and digest, with what parts them. */
const [timeWidth, sizeWidth, digestWidth, gap] = [6, 10, 19, 2];

/** The live view: finished lines scroll away above, a few lines at the bottom say what is running. */
export function openTty(start: RunStart, { stderr, env }: Screen): Renderer {
  let model = emptyModel(start.ids, start.startedAt);
  const symbols = symbolsFor(env);
  const utf8 = speaksUtf8(env);
  const warnings = new Warnings();
  const machine = new MachineWatch();
  const out = writerTo(stderr, env);
  const names = Math.min(24, Math.max(8, ...start.ids.map(widthOf)));
  const dim = (text: string) => styleText('dim', text, { stream: stderr });
  const alone = start.ids.length === 1;
  const heading = new Heading();

  const region = new Region({
    stream: stderr,
    env,
    utf8,
    draw() {
      const now = Date.now();
      const { columns = 80, rows = 24 } = stderr;
      const remaining = start.facts?.remaining?.(now);
      const screen = { columns, rows, now, stream: stderr, names, remaining, machine: machine.look(now) };
      const drawn = live(model, screen);
      return utf8 ? drawn : { steps: drawn.steps.map(inAscii), status: inAscii(drawn.status) };
    },
  });
  const print = (line: string) => region.print(utf8 ? `${line}\n` : inAscii(`${line}\n`));

  return {
    report(event) {
      model = reduce(model, event);
      for (const line of heading.after(event, model, start)) print(dim(clip(line, (stderr.columns ?? 80) - 1)));
      switch (event.kind) {
        case 'vertex-completed': {
          const step = model.steps.get(event.vertex);
          if (start.verbose && step?.startedAt !== undefined) print(stepLine(step, event.at - step.startedAt));
          return;
        }
        case 'task-completed': {
          const image = model.images.get(event.task)!;
          if (image.state.kind === 'built' || start.verbose || alone) print(doneLine(image));
          return;
        }
        case 'task-failed': {
          const blocked = failuresOf(model, start.folders).some((failure) => failure.blocked.includes(event.task));
          const sign = styleText(blocked ? 'dim' : 'red', blocked ? symbols.blocked : symbols.failed, {
            stream: stderr,
          });
          print(`${sign} ${inColourOf(event.task, event.task, stderr)}`);
          return;
        }
        case 'warning':
          warnings.add(event.diagnostic);
          return;
        default:
      }
    },
    finish(end) {
      region[Symbol.dispose]();
      for (const line of warnings.lines(stderr)) out(`${line}\n`);
      const blocks = failureBlocks(model, start, { stderr, env });
      for (const block of blocks) out(`\n${block}`);
      const cached = alone || start.verbose ? undefined : upToDateLine(model, symbols.cached);
      if (cached !== undefined) out(`${blocks.length > 0 ? '\n' : ''}${cached}\n`);
      if (!isUpToDate(model)) out('\n');
      out(summary(model, start, end, stderr));
    },
    [Symbol.dispose]: () => region[Symbol.dispose](),
  };

  /** `✔ web   7 steps, 2 shared     31.2s  118.4 MiB  sha256:02be77…`: what does not fit is left out from the middle. */
  function doneLine(image: ImageModel): string {
    const { symbol, id, note, took, size, digest } = imageFacts(model, image, start);
    const sign = styleText(symbol === 'built' ? 'green' : 'dim', symbols[symbol], { stream: stderr });
    const name = widthOf(id) > names ? id : fit(id, names);
    const room = (stderr.columns ?? 80) - 1 - 2 - widthOf(name) - (gap + timeWidth) - (gap + sizeWidth);
    const noted = room - (gap + digestWidth) >= gap + 8;
    const facts = [
      ...(noted ? [dim(fit(noteIn(note, room - 2 * gap - digestWidth), room - 2 * gap - digestWidth))] : []),
      took.padStart(timeWidth),
      ...(room < 0 ? [] : [size.padStart(sizeWidth)]),
      ...(room < gap + digestWidth ? [] : [dim(digest)]),
    ];
    return `${sign} ${[inColourOf(id, name, stderr), ...facts].join(' '.repeat(gap))}`.trimEnd();
  }

  /** The cause comes first: what ran is told where there is room for all of it. */
  function noteIn(note: readonly string[], columns: number): string {
    const whole = note.join('  ');
    return widthOf(whole) <= columns ? whole : (note[0] ?? '');
  }

  /** `  web       [build 5/8] RUN pnpm build     9.8s`. */
  function stepLine({ name, wantedBy: [first = ''] }: StepModel, took: number): string {
    const room = (stderr.columns ?? 80) - 1 - 2 - names - gap - (gap + timeWidth);
    const title = fit(shortName(name), Math.max(10, room));
    const facts = [inColourOf(first, fit(first, names), stderr), dim(title), dim(duration(took).padStart(timeWidth))];
    return `  ${facts.join(' '.repeat(gap))}`;
  }
}
