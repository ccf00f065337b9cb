// A picture of cards and lines as SVG. Pure, and the same in Node and in a browser: whoever shows it brings the style.

import { boxesOf, cardSize, heightOf, type Card, type Picture } from './cards.ts';
import { layOut, type Direction, type Layout, type Point } from './layout.ts';

export interface Drawing {
  readonly layout: Layout;
  /** Elements for an `<svg>`: lines below, cards above. */
  readonly markup: string;
}

/** Characters of a row, at the width of a monospaced letter. */
const rowLetters = 31;
/** Of a title that is read from afar, at its size in pixels; longer ones are smaller, down to a part of it. */
const [bigLetters, bigSize, least] = [12, 28, 0.66];
/** Of one that is read from further still. */
const hugeLetters = 7;

export interface Drawn {
  /** Class names for a step's row: what is known of it. */
  readonly stateOf?: (step: string) => string;
  readonly direction?: Direction;
  /** Width over height of the place it is for. */
  readonly ratio?: number;
}

export function draw(picture: Picture, { stateOf, direction = 'right', ratio = 1.6 }: Drawn = {}): Drawing {
  const { boxes, lines } = boxesOf(picture, direction);
  const layout = layOut(boxes, lines, { direction, ratio });
  const cardOf = new Map(picture.cards.map((card) => [card.id, card]));
  const paths = picture.links.map(({ from, fromRow, to, toRow }, i) => {
    const ends = [cardOf.get(from)!.rows[fromRow ?? -1]?.step ?? '', cardOf.get(to)!.rows[toRow ?? -1]?.step ?? ''];
    const data = `data-from="${from}" data-to="${to}" data-input="${ends[0]}" data-step="${ends[1]}"`;
    return `<path class="line" ${data} d="${pathOf(layout.lines[i]!, direction)}"/>`;
  });
  const cards = picture.cards.map((card) => cardMarkup(card, layout.boxes.get(card.id)!, stateOf));
  return { layout, markup: `<g class="lines">${paths.join('')}</g><g class="cards">${cards.join('')}</g>` };
}

function pathOf(points: readonly Point[], direction: Direction): string {
  const [first, ...rest] = points;
  const bends = rest.map(({ x, y }, i) => {
    if (i % 2 === 1) return `L${x} ${y}`;
    const before = points[i]!;
    const [halfX, halfY] = [(x + before.x) / 2, (y + before.y) / 2].map(round);
    return direction === 'right'
      ? `C${halfX} ${before.y} ${halfX} ${y} ${x} ${y}`
      : `C${before.x} ${halfY} ${x} ${halfY} ${x} ${y}`;
  });
  return `M${first!.x} ${first!.y}${bends.join('')}`;
}

function cardMarkup(card: Card, { x, y }: Point, stateOf: Drawn['stateOf']): string {
  const { width, head } = cardSize;
  const height = heightOf(card);
  const noteLetters = card.note.length;
  const title = clip(card.title, Math.max(8, 32 - noteLetters));
  const rows = card.rows.map((row, i) => rowMarkup(row, i, stateOf));
  const label = `${card.title}${card.note ? `, ${card.note}` : ''}`;
  const states = stateOf && card.rows.length === 0 ? ` ${summary(card.steps.map(stateOf))}` : '';
  const role = card.rows.length === 0 ? `tabindex="-1" role="button" aria-label="${escaped(label)}"` : '';
  return (
    `<g class="card ${card.tone}${states}" data-card="${card.id}" transform="translate(${x} ${y})" ${role}>` +
    `<rect class="paper" width="${width}" height="${height}" rx="9"/>` +
    `<rect class="tab" y="9" width="3" height="16" rx="1.5"/>` +
    `<text class="title" x="14" y="${head / 2 + 4.5}">${escaped(title)}</text>` +
    (card.note ? `<text class="note" x="${width - 12}" y="${head / 2 + 4}">${escaped(card.note)}</text>` : '') +
    (card.rows.length === 0 ? `<rect class="bar" x="14" y="${height - 4.5}" width="0" height="2.5" rx="1.2"/>` : '') +
    `${rows.join('')}${farMarkup(card, height)}</g>`
  );
}

/** What is read from afar, where rows are too small for it: whose it is, and below that what, if there is room. */
function farMarkup({ title, owner }: Card, height: number): string {
  const lines = owner === '' || owner === title ? [title] : [owner, title];
  const big = lines.slice(0, height < 84 ? 1 : 2).map((text, i) => {
    const shrunk = Math.max(least, Math.min(1, bigLetters / text.length));
    const at = `x="14" y="${Math.min(height / 2 + 11, 40) + i * 34}" font-size="${round(bigSize * shrunk)}"`;
    return `<tspan ${at}>${escaped(clip(text, Math.floor(bigLetters / shrunk)))}</tspan>`;
  });
  const huge = `<text class="huge" x="12" y="${Math.min(height / 2 + 20, 56)}">${escaped(clip(lines[0]!, hugeLetters))}</text>`;
  return `<text class="big">${big.join('')}</text>${height < 60 ? '' : huge}`;
}

function rowMarkup({ step, kind, text }: Card['rows'][number], i: number, stateOf: Drawn['stateOf']): string {
  const { width, head, row } = cardSize;
  const y = head + i * row;
  const state = stateOf?.(step) ?? '';
  return (
    `<g class="row ${kind} ${state}" data-step="${step}" transform="translate(0 ${y})" tabindex="-1" role="button" aria-label="${escaped(text)}">` +
    `<rect class="ground" x="6" width="${width - 12}" height="${row}" rx="5"/>` +
    `<path class="icon" transform="translate(13 5)" d="${icons[kind]}"/>` +
    `<text class="text" x="31" y="15">${escaped(clip(text, rowLetters))}</text>` +
    `<circle class="dot" cx="${width - 15}" cy="${row / 2}" r="3.5"/></g>`
  );
}

/** What is known of the steps of a card as one word: the first of these that any of them is in. */
function summary(states: readonly string[]): string {
  const words = new Set(states.flatMap((state) => state.split(' ')));
  return (
    ['failed', 'running', 'changed', 'follows', 'run', 'open', 'done', 'hit'].find((word) => words.has(word)) ?? ''
  );
}

/** Drawn in twelve by twelve. */
const icons: Readonly<Record<Card['rows'][number]['kind'], string>> = {
  source: 'M6 .8 11 3.4v5.2L6 11.2 1 8.6V3.4zM1 3.4l5 2.6 5-2.6M6 6v5.2',
  exec: 'M1.5 2.5 5 6 1.5 9.5M6 10h4.5',
  file: 'M2.5 1h4.7l2.3 2.4V11h-7zM7 1v2.6h2.5',
  merge: 'M3 1v10M3 5c4 0 6 1 6 6M9 9l0 2M7.5 9.5 9 11l1.5-1.5',
  diff: 'M6 1.5v5M3.5 4h5M3.5 10h5',
  build: 'M1.5 6 6 1.5 10.5 6 6 10.5z',
  passthrough: 'M1 6h9M7.5 3.5 10 6 7.5 8.5',
};

function clip(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}

/** Text for SVG and attributes. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/(?![\t\n])\p{Cc}/gu, '·');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
