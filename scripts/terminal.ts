// A program on a terminal of its own, and what its screen shows, as SVG. The home of @xterm/headless.

import { spawn } from 'node:child_process';
import xterm from '@xterm/headless';
import { widthOf } from '../packages/cli/src/ui/columns.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: readonly (readonly Run[])[];
}

/** Cells beside each other that look alike. */
interface Run {
  readonly column: number;
  readonly text: string;
  /** Of the terminal's 256. */
  readonly colour: number | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
}

export interface TerminalOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly columns: number;
  readonly height: number;
  /** Told of each change; what `snapshot` gives may be kept, and `type` types. */
  readonly onChange?: (snapshot: () => Screen, type: (keys: string) => void) => void;
}

/** Runs a command line of sh in a terminal (util-linux's script makes one), and gives the last screen. */
export async function runInTerminal(
  line: string,
  { cwd, env, columns, height, onChange }: TerminalOptions,
): Promise<Screen> {
  const terminal = new xterm.Terminal({ cols: columns, rows: height, scrollback: 2000, allowProposedApi: true });
  const inside = `stty cols ${columns} rows ${height}; ${line}`;
  const child = spawn('script', ['-qec', inside, '/dev/null'], {
    cwd,
    env: { ...env, TERM: 'xterm-256color', COLORTERM: '', LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve());
  });
  const snapshot = () => screenOf(terminal);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    await new Promise<void>((resolve) => terminal.write(chunk, resolve));
    onChange?.(snapshot, (keys) => void child.stdin.write(keys));
  }
  await ended;
  return snapshot();
}

/** What is on the screen and above it, without the empty rows at the end. */
function screenOf(terminal: xterm.Terminal): Screen {
  const buffer = terminal.buffer.active;
  const rows = Array.from({ length: buffer.length }, (_, y) => runsOf(buffer.getLine(y)!, terminal.cols));
  return { columns: terminal.cols, rows: rows.slice(0, rows.findLastIndex((row) => row.length > 0) + 1) };
}

function runsOf(line: xterm.IBufferLine, columns: number): readonly Run[] {
  const runs: { column: number; text: string; colour: number | undefined; bold: boolean; dim: boolean }[] = [];
  for (let column = 0; column < columns; column++) {
    const cell = line.getCell(column)!;
    if (cell.getWidth() === 0) continue; // the second half of a wide character
    const text = cell.getChars() || ' ';
    const look = {
      colour: cell.isFgPalette() ? cell.getFgColor() : undefined,
      bold: cell.isBold() > 0,
      dim: cell.isDim() > 0,
    };
    const last = runs.at(-1);
    const same = last && last.colour === look.colour && last.bold === look.bold && last.dim === look.dim;
    if (same) last.text += text;
    else runs.push({ column, text, ...look });
  }
  return runs.map((run) => ({ ...run, text: run.text.trimEnd() })).filter(({ text }) => text !== '');
}

/** The rows as text. */
export function textOf({ rows }: Screen): readonly string[] {
  return rows.map((runs) => {
    let line = '';
    for (const { column, text } of runs) line += ' '.repeat(Math.max(0, column - widthOf(line))) + text;
    return line;
  });
}

/** The first sixteen colours, for a dark and for a light ground. */
const palettes = {
  dark: [
    ...['#4a5262', '#ff7b83', '#4ccb85', '#f2b04b', '#8aa0ff', '#c9a0ff', '#5cc8d8', '#e8eaf0'],
    ...['#7d8798', '#ff9aa0', '#7be0a6', '#ffd08a', '#aebcff', '#dcc2ff', '#8fe0ec', '#ffffff'],
  ],
  light: [
    ...['#1c2230', '#c2202d', '#12784a', '#8a5a00', '#2f49c9', '#7a3fc0', '#0b7285', '#5b6475'],
    ...['#6b7486', '#d6303d', '#188a56', '#a06a00', '#3f5ae0', '#8d52d4', '#0f8296', '#1c2230'],
  ],
} as const;

const grounds = {
  dark: { ground: '#161922', text: '#e8eaf0', title: '#9aa4b5' },
  light: { ground: '#fbfbfd', text: '#1c2230', title: '#5b6475' },
} as const;

/** Of the other 240: a cube of six levels each, and greys. */
function colourOf(index: number, scheme: keyof typeof palettes): string {
  if (index < 16) return palettes[scheme][index]!;
  if (index >= 232) return hexOf([8, 8, 8].map((each) => each + (index - 232) * 10));
  const at = index - 16;
  return hexOf(
    [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((level) => (level === 0 ? 0 : 55 + level * 40)),
  );
}

function hexOf(levels: readonly number[]): string {
  return `#${levels.map((each) => each.toString(16).padStart(2, '0')).join('')}`;
}

const [cellWidth, cellHeight, pad, bar] = [7.83, 18, 16, 34];

/** A window with the command as its title line and the screen below, dark or light as the reader has it. Ends in a line break. */
export function screenSvg({ columns, rows }: Screen, command: string): string {
  const all: Screen['rows'] = [
    [{ column: 0, text: `$ ${command}`, colour: undefined, bold: false, dim: true }],
    ...rows,
  ];
  const [width, height] = [Math.ceil(columns * cellWidth + 2 * pad), Math.ceil(all.length * cellHeight + bar + pad)];
  const lines = all.flatMap((runs, y) =>
    runs.flatMap(({ column, text, colour, bold, dim }) => {
      const look = [
        colour === undefined ? '' : ` class="c${colour}"`,
        bold ? ' font-weight="700"' : '',
        dim ? ' opacity=".6"' : '',
      ].join('');
      // Not all that shows SVG keeps blanks: what they part goes to its own place.
      return [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: part, index }) => {
        const [x, length] = [pad + (column + index) * cellWidth, part.length * cellWidth].map((each) =>
          each.toFixed(1),
        );
        const at = `x="${x}" y="${bar + y * cellHeight + 13}" textLength="${length}"`;
        return `<text ${at}${look}>${escaped(part)}</text>`;
      });
    }),
  );
  const dots = ['#ff7b83', '#f2b04b', '#4ccb85'].map(
    (fill, i) => `<circle cx="${20 + i * 18}" cy="17" r="5.5" fill="${fill}"/>`,
  );
  const used = [...new Set(all.flatMap((runs) => runs.flatMap(({ colour }) => colour ?? [])))].sort((a, b) => a - b);
  const rules = (scheme: keyof typeof palettes) =>
    [
      `.w{fill:${grounds[scheme].ground}}text{fill:${grounds[scheme].text}}`,
      ...used.map((index) => `.c${index}{fill:${colourOf(index, scheme)}}`),
    ].join('');
  const style = `<style>${rules('dark')}@media(prefers-color-scheme:light){${rules('light')}}</style>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    style,
    `<rect class="w" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="10" stroke="#7d8798" stroke-opacity=".35"/>`,
    dots.join(''),
    `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="13">`,
    ...lines,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
