import { styleText } from 'node:util';
import { fit, widthOf } from './columns.ts';
import { ending } from './ending.ts';
import { duration, shortName } from './format.ts';
import { Heading } from './heading.ts';
import { imageFacts } from './image-line.ts';
import { live } from './live.ts';
import { MachineWatch } from './machine.ts';
import { emptyModel, type ImageModel, type StepModel } from './model.ts';
import { reduce } from './reduce.ts';
import { Region } from './region.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { inColourOf, symbolsFor, type Symbols } from './symbols.ts';
import { columnsOf, inAscii, sized, speaksUtf8, writerTo } from './terminal.ts';
import { Warnings } from './warnings.ts';

/** Columns of time, size and digest, with what parts them. */
const [timeWidth, sizeWidth, digestWidth, gap] = [6, 10, 19, 2];

/** Less of a note tells nothing; and no eye follows a line over more columns than that. */
const [leastNote, widest] = [16, 140];

/** The live view: finished lines scroll away above, a few lines at the bottom say what is running. */
export function openTty(start: RunStart, { stderr: terminal, env }: Screen): Renderer {
  const stderr = sized(terminal, env);
  let model = emptyModel(start);
  const symbols = symbolsFor(env);
  const utf8 = speaksUtf8(env);
  const warnings = new Warnings();
  const machine = new MachineWatch();
  const out = writerTo(stderr, env);
  // The sign of what was cached takes two columns; the other images of most runs are told of in one line.
  const signs = utf8 && !start.verbose ? 1 : 2;
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
      for (const line of heading.after(event, model, { ...start, columns: columnsOf(stderr) - 1 })) print(dim(line));
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
        case 'task-failed':
        case 'task-blocked': {
          const blocked = model.images.get(event.task)!.state.kind === 'blocked';
          const sign = signOf(blocked ? 'blocked' : 'failed', blocked ? 'dim' : 'red');
          print(`${sign} ${inColourOf(event.task, event.task, stderr)}`);
          return;
        }
        case 'task-cancelled': {
          // One that had not begun is only counted.
          const { state, startedAt } = model.images.get(event.task)!;
          if (state.kind !== 'cancelled' || startedAt === undefined) return;
          print(`${signOf('cancelled', 'dim')} ${inColourOf(event.task, event.task, stderr)}${dim('  cancelled')}`);
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
      out(ending(model, start, end, { stderr, env }));
    },
    [Symbol.dispose]: () => region[Symbol.dispose](),
  };

  /** `✔ web   7 steps, 2 shared     31.2s  118.4 MiB  sha256:02be77…`: what does not fit is left out from the middle. */
  function doneLine(image: ImageModel): string {
    const { symbol, id, note, took, size, digest } = imageFacts(model, image, start);
    const sign = signOf(symbol, symbol === 'built' ? 'green' : 'dim');
    const name = widthOf(id) > names ? id : fit(id, names);
    const columns = Math.min(widest, columnsOf(stderr) - 1);
    const room = columns - signs - 1 - widthOf(name) - (gap + timeWidth) - (gap + sizeWidth);
    const fits = (columns: number) => columns >= gap + leastNote;
    // Why it was built again is worth more than its digest.
    const causeOnly = note.length > 1 && fits(room) && !fits(room - gap - digestWidth);
    const named = room >= gap + digestWidth && !causeOnly;
    const left = room - (named ? gap + digestWidth : 0) - gap;
    const facts = [
      ...(left > 0 ? [dim(fit(fits(left + gap) ? noteIn(note, left) : '', left))] : []),
      took.padStart(timeWidth),
      ...(room < 0 ? [] : [size.padStart(sizeWidth)]),
      ...(named ? [dim(digest)] : []),
    ];
    return `${sign} ${[inColourOf(id, name, stderr), ...facts].join(' '.repeat(gap))}`.trimEnd();
  }

  function signOf(symbol: keyof Symbols, look: 'green' | 'red' | 'dim'): string {
    return styleText(look, fit(symbols[symbol], Math.max(signs, widthOf(symbols[symbol]))), { stream: stderr });
  }

  /** The cause comes first, and of it what changed: the rest is told where there is room for all of it. */
  function noteIn(note: readonly string[], columns: number): string {
    const [first = ''] = note;
    const [what = ''] = first.split(' → ');
    return [note.join('  '), first].find((text) => widthOf(text) <= columns) ?? what;
  }

  /** `  web       [build 5/8] RUN pnpm build     9.8s`. */
  function stepLine({ name, wantedBy: [first = ''] }: StepModel, took: number): string {
    const room = columnsOf(stderr) - 1 - 2 - names - gap - (gap + timeWidth);
    const title = fit(shortName(name), Math.max(10, room));
    const facts = [inColourOf(first, fit(first, names), stderr), dim(title), dim(duration(took).padStart(timeWidth))];
    return `  ${facts.join(' '.repeat(gap))}`;
  }
}
