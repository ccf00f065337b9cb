// The graph as cards that a picture is made of. Pure, and the same in Node and in a browser.

import type { DetailedGraph, DetailedStep } from './details.ts';
import type { Box, Direction, Line } from './layout.ts';
import { titleOf } from './step-title.ts';

/** A list of steps that follow each other, or an image as a whole. */
export interface Card {
  readonly id: string;
  readonly title: string;
  /** Said beside the title, in a few words. */
  readonly note: string;
  /** Where there are several images: the only one that it belongs to, or whose Dockerfile it is a stage of. */
  readonly owner: string;
  /** What it belongs to: an image, several, or none in particular. Decides its colour. */
  readonly tone: 'image' | 'shared' | 'sources';
  /** Ids of the images that share it. */
  readonly images: readonly string[];
  readonly rows: readonly Row[];
  /** Digests of all steps it stands for. */
  readonly steps: readonly string[];
}

export interface Row {
  readonly step: string;
  readonly kind: DetailedStep['kind'];
  readonly text: string;
}

export interface Picture {
  readonly cards: readonly Card[];
  readonly links: readonly Link[];
}

/** What is needed, and what needs it; the rows are undefined where the cards are meant as wholes. */
export interface Link {
  readonly from: string;
  readonly fromRow?: number;
  readonly to: string;
  readonly toRow?: number;
}

/** In pixels. */
export const cardSize = { width: 264, head: 34, row: 22, foot: 6 } as const;

export function heightOf({ rows }: Card): number {
  return cardSize.head + (rows.length > 0 ? rows.length * cardSize.row + cardSize.foot : 0);
}

/** What a layout takes. To the right lines end at rows; downwards those of the upper rows end further left. */
export function boxesOf(
  { cards, links }: Picture,
  direction: Direction,
): { readonly boxes: readonly Box[]; readonly lines: readonly Line[] } {
  const rows = new Map(cards.map((card) => [card.id, card.rows.length]));
  const at = (card: string, row: number | undefined, end: 'from' | 'to') => {
    const { head, row: height, width } = cardSize;
    if (direction === 'right') return row === undefined ? head / 2 : head + (row + 0.5) * height;
    const count = rows.get(card)!;
    if (row === undefined || (end === 'from' && row === count - 1)) return width / 2;
    return Math.round((width * (row + 1)) / (count + 1));
  };
  return {
    boxes: cards.map((card) => ({ id: card.id, width: cardSize.width, height: heightOf(card) })),
    lines: links.map(({ from, fromRow, to, toRow }) => ({
      from,
      fromY: at(from, fromRow, 'from'),
      to,
      toY: at(to, toRow, 'to'),
    })),
  };
}

/**
 * Every step as a row. A card has the steps of one stage that the same images share, one after the other. `whole` is the
 * graph that this is a part of: it knows whose the stages are.
 */
export function stepPicture({ images, steps }: DetailedGraph, whole: DetailedGraph = { images, steps }): Picture {
  const cards: Drafted[] = [];
  const cardOf = new Map<string, Drafted>();
  for (const step of steps) {
    const { stage, text } = titleOf(step.name);
    const isSource = stage === '' && step.inputs.length === 0;
    const group = JSON.stringify([stage, isSource, step.images, step.source?.folder, step.source?.file]);
    const [first, ...others] = step.inputs.map((input) => cardOf.get(input)!);
    // A card grows at its end; and never around another that needs a part of it.
    const grows =
      first?.group === group &&
      first.rows.at(-1)!.step === step.inputs[0] &&
      others.every((other) => other === first || !reaches(other, first));
    let card = grows ? first : undefined;
    if (!card) {
      card = { id: `c${cards.length + 1}`, group, stage, isSource, images: step.images, rows: [], needs: new Set() };
      cards.push(card);
    }
    card.rows.push({ step: step.digest, kind: step.kind, text });
    for (const need of step.inputs) if (cardOf.get(need) !== card) card.needs.add(cardOf.get(need)!);
    cardOf.set(step.digest, card);
  }
  const rowOf = new Map(cards.flatMap(({ rows }) => rows.map(({ step }, i) => [step, i] as const)));
  const links = new Map<string, Link>();
  for (const { digest, inputs } of steps) {
    for (const input of inputs) {
      const [from, to] = [cardOf.get(input)!, cardOf.get(digest)!];
      if (from === to) continue;
      links.set(`${input} ${digest}`, {
        from: from.id,
        fromRow: rowOf.get(input)!,
        to: to.id,
        toRow: rowOf.get(digest)!,
      });
    }
  }
  const ends = Map.groupBy(
    whole.images.flatMap(({ id, roots }) => roots.map((root) => ({ id, root }))),
    ({ root }) => root,
  );
  const made = (card: Drafted) => [
    ...new Set(card.rows.flatMap(({ step }) => ends.get(step) ?? []).map(({ id }) => id)),
  ];
  const homes = homesOf(whole);
  const bySteps = new Map(steps.map((step) => [step.digest, step]));
  const home = ({ rows }: Drafted) => rows.flatMap(({ step }) => homes.get(writtenIn(bySteps.get(step)!)) ?? [])[0];
  const lone = images.length === 1 ? images[0]!.id : undefined;
  return {
    cards: cards.map((card) => finished(card, { lone, made: made(card), home: home(card) })),
    links: [...links.values()],
  };
}

/** The image that a Dockerfile is of, where it is of one alone: it ends there. */
function homesOf({ images, steps }: DetailedGraph): ReadonlyMap<string | undefined, string> {
  const ends = new Map(steps.map((step) => [step.digest, writtenIn(step)]));
  const files = Map.groupBy(
    images.flatMap(({ id, roots }) => roots.map((root) => ({ id, file: ends.get(root) }))),
    ({ file }) => file,
  );
  return new Map(
    [...files].flatMap(([file, made]) => {
      const ids = new Set(made.map(({ id }) => id));
      return file !== undefined && ids.size === 1 ? [[file, made[0]!.id] as const] : [];
    }),
  );
}

function writtenIn({ source }: DetailedStep): string | undefined {
  return source && JSON.stringify([source.folder, source.file]);
}

interface Drafted extends Pick<Card, 'id' | 'images'> {
  readonly group: string;
  readonly stage: string;
  readonly isSource: boolean;
  readonly rows: Row[];
  readonly needs: Set<Drafted>;
}

function reaches(from: Drafted, to: Drafted): boolean {
  const seen = new Set([from]);
  for (const card of seen) {
    if (card === to) return true;
    for (const need of card.needs) seen.add(need);
  }
  return false;
}

/** `lone` is the only image that is shown, `made` are the images that end in the card, `home` is the one whose Dockerfile it is of. */
function finished(
  { id, stage, isSource, images, rows }: Drafted,
  {
    lone,
    made,
    home,
  }: { readonly lone: string | undefined; readonly made: readonly string[]; readonly home: string | undefined },
): Card {
  const tone = isSource ? 'sources' : images.length > 1 ? 'shared' : 'image';
  // A base that several images begin with is nobody's.
  const isBase = rows.every(({ kind }) => kind === 'source');
  const whoseFile = images.length === 1 ? images[0] : isBase ? undefined : home;
  const owner = whoseFile === undefined || whoseFile === lone ? '' : whoseFile;
  const title = isSource ? 'source' : titleOfStage();
  const whose = owner === title ? [] : [owner].filter(Boolean);
  const many = images.length > 1 ? [`${images.length} images`] : [];
  const note = lone !== undefined && made.includes(lone) ? 'target' : noted([...whose, ...many]);
  return { id, title, note, owner, tone, images, rows, steps: rows.map(({ step }) => step) };

  /** A stage without a name is called by what is made of it, and a base that several stages begin with by its own. */
  function titleOfStage(): string {
    if (images.length > 1 && isBase) return baseName(rows[0]!.text);
    if (!/^(?:stage(?:-\d+)?)?$/.test(stage)) return stage;
    return made.join(', ') || (images.length === 1 ? stage || images[0]! : stage || 'steps');
  }
}

/** All of it where that leaves room for a title. */
function noted(parts: readonly string[]): string {
  const whole = parts.join(' · ');
  return whole.length <= 24 ? whole : (parts.at(-1) ?? '');
}

function baseName(text: string): string {
  return text.replace(/^FROM /, '').replace(/@sha256:.*/, '');
}

/** Images as cards, and beside them what several share: all steps that the same images need are one card. */
export function imagePicture({ images, steps }: DetailedGraph): Picture {
  const groups = Map.groupBy(steps, (step) => step.images.join('\n'));
  const groupOf = new Map(steps.map(({ digest, images: sharing }) => [digest, sharing.join('\n')]));
  const ends = Map.groupBy(
    images.filter(({ roots }) => roots.length > 0),
    ({ roots }) => groupOf.get(roots.at(-1)!)!,
  );
  const ids = new Map([...groups.keys()].map((group, i) => [group, `g${i + 1}`]));
  const cards = [...groups].map(([group, members]): Card => {
    const made = (ends.get(group) ?? []).map(({ id }) => id);
    const sharing = members[0]!.images;
    const work = members.filter(({ kind }) => kind !== 'source').length;
    const base = baseName(titleOf(members[0]!.name).text);
    const count = work === 0 ? plural(members.length, 'source') : plural(work, 'step');
    return {
      id: ids.get(group)!,
      title: made.length > 0 ? made.join(', ') : work > 0 ? `shared by ${plural(sharing.length, 'image')}` : base,
      owner: '',
      note: made.length > 0 && sharing.length > made.length ? `${count} · ${plural(sharing.length, 'image')}` : count,
      tone: made.length > 0 ? 'image' : work > 0 ? 'shared' : 'sources',
      images: sharing,
      rows: [],
      steps: members.map(({ digest }) => digest),
    };
  });
  // Images without steps of their own: those of scratch, and those that are only waited for.
  const bare = images.filter(({ id }) => !cards.some(({ title }) => title.split(', ').includes(id)));
  const imageCard = new Map<string, string>();
  for (const { id } of bare) imageCard.set(id, `i ${id}`);
  for (const card of cards)
    if (card.tone === 'image') for (const id of card.title.split(', ')) imageCard.set(id, card.id);
  const lone = bare.map(({ id }): Card => {
    const note = 'no steps of its own';
    return { id: imageCard.get(id)!, title: id, note, owner: '', tone: 'image', images: [id], rows: [], steps: [] };
  });
  const pairs = new Map<string, Link>();
  const link = (from: string, to: string) => from !== to && pairs.set(`${from} ${to}`, { from, to });
  for (const { digest, inputs } of steps) {
    for (const input of inputs) link(ids.get(groupOf.get(input)!)!, ids.get(groupOf.get(digest)!)!);
  }
  // Waiting for another image, where no step says so already.
  for (const { id, needs } of images) {
    for (const need of needs) {
      const [from, to] = [imageCard.get(need)!, imageCard.get(id)!];
      if (!pairs.has(`${to} ${from}`) && !leads(pairs, from, to)) link(from, to);
    }
  }
  return { cards: [...cards, ...lone], links: withoutShortcuts([...pairs.values()]) };
}

function leads(links: ReadonlyMap<string, Link>, from: string, to: string): boolean {
  const seen = new Set([from]);
  for (const each of seen) for (const link of links.values()) if (link.from === each) seen.add(link.to);
  return seen.has(to);
}

/** Links without those that a way over others says already. */
function withoutShortcuts(links: readonly Link[]): readonly Link[] {
  const after = Map.groupBy(links, ({ from }) => from);
  const far = new Map<string, Set<string>>();
  const reached = (id: string): Set<string> => {
    const known = far.get(id);
    if (known) return known;
    const all = new Set<string>();
    far.set(id, all);
    for (const { to } of after.get(id) ?? []) {
      all.add(to);
      for (const more of reached(to)) all.add(more);
    }
    return all;
  };
  return links.filter(
    ({ from, to }) => !(after.get(from) ?? []).some((link) => link.to !== to && reached(link.to).has(to)),
  );
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
