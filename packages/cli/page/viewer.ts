// A picture of the graph that one can move in, search and walk with the keyboard.

import { cardSize, type Picture } from '../src/graph/cards.ts';
import type { Direction } from '../src/graph/layout.ts';
import { draw, type Drawing } from '../src/graph/svg.ts';
import { byId } from './dom.ts';
import { nextTo } from './walk.ts';

/** A step's digest, or a card's id. */
export type Key = string;

export interface Shown {
  readonly picture: Picture;
  /** What each step needs, for the paths that light up. */
  readonly needs: ReadonlyMap<Key, readonly Key[]>;
  /** Class names by step. */
  readonly stateOf: (step: string) => string;
}

export interface ViewerOptions {
  readonly onChoose: (key: Key | undefined) => void;
}

/** Scales at which rows become bars, and cards names. */
const [near, far] = [0.6, 0.24];

export class Viewer {
  readonly #host: HTMLElement;
  readonly #svg: SVGSVGElement;
  readonly #scene: SVGGElement;
  readonly #options: ViewerOptions;
  #shown: Shown = { picture: { cards: [], links: [] }, needs: new Map(), stateOf: () => '' };
  #drawn: Drawing | undefined;
  #direction: Direction = 'right';
  #view = { x: 0, y: 0, scale: 1 };
  #moved = false;
  #chosen: Key | undefined;
  #users = new Map<Key, Key[]>();
  #elements = new Map<Key, Element>();

  constructor(host: HTMLElement, options: ViewerOptions) {
    this.#host = host;
    this.#options = options;
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('class', 'graph');
    svg.setAttribute('tabindex', '0');
    svg.setAttribute('role', 'application');
    svg.setAttribute('aria-label', 'Graph. Arrow keys walk along it, plus and minus zoom, 0 shows all of it.');
    this.#scene = document.createElementNS(svg.namespaceURI, 'g') as SVGGElement;
    svg.append(this.#scene);
    host.prepend(svg);
    this.#svg = svg;
    this.#listen();
    new ResizeObserver(() => (this.#moved ? this.#apply() : this.fit())).observe(host);
  }

  /** Shows another picture; where it is looked at from stays, unless told otherwise. */
  show(shown: Shown, { keep = true }: { readonly keep?: boolean } = {}): void {
    this.#shown = shown;
    // A drawing that is edited keeps its direction, or it would be another one after a keystroke.
    if (!keep || !this.#drawn) this.#direction = this.#better();
    this.#draw();
    this.#users = new Map();
    for (const [key, needs] of shown.needs) {
      for (const need of needs) this.#users.set(need, [...(this.#users.get(need) ?? []), key]);
    }
    if (!keep) this.#moved = false;
    if (this.#moved) this.#apply();
    else this.fit();
    this.choose(this.#chosen !== undefined && this.#elements.has(this.#chosen) ? this.#chosen : undefined, {
      tell: false,
    });
  }

  #draw(): void {
    const { stateOf, picture } = this.#shown;
    this.#drawn = draw(picture, { stateOf, direction: this.#direction, ratio: this.#ratio() });
    this.#scene.innerHTML = this.#drawn.markup;
    this.#elements = new Map(
      [...this.#scene.querySelectorAll('[data-card],.row')].map((each) => [keyOf(each)!, each] as const),
    );
  }

  #ratio(): number {
    const { width, height } = this.#host.getBoundingClientRect();
    return width > 0 && height > 0 ? width / height : 1.6;
  }

  /** The direction in which all of it is shown larger. */
  #better(): Direction {
    const { width, height } = this.#host.getBoundingClientRect();
    const [right, down] = (['right', 'down'] as const).map((direction) => {
      const { layout } = draw(this.#shown.picture, { direction, ratio: this.#ratio() });
      return Math.min(1, width / (layout.width + 48), height / (layout.height + 88));
    });
    return down! > right! * 1.15 ? 'down' : 'right';
  }

  /** Changes what is known of steps, and nothing else. */
  restate(stateOf: Shown['stateOf'], steps?: Iterable<string>): void {
    this.#shown = { ...this.#shown, stateOf };
    for (const step of steps ?? this.#elements.keys()) {
      const row = this.#elements.get(step);
      if (!row?.classList.contains('row')) continue;
      const kind = row.classList[1]!;
      const kept = ['chosen', 'lit', 'found', 'critical'].filter((name) => row.classList.contains(name));
      row.setAttribute('class', ['row', kind, stateOf(step), ...kept].join(' '));
    }
  }

  /** A class name for cards that stand for many steps, and which part of them is done. */
  restateCards(stateOf: (card: string) => { readonly state: string; readonly part: number }): void {
    for (const { id, tone, rows } of this.#shown.picture.cards) {
      const card = rows.length === 0 ? this.#elements.get(id) : undefined;
      if (!card) continue;
      const { state, part } = stateOf(id);
      const kept = ['chosen', 'lit', 'found', 'critical'].filter((name) => card.classList.contains(name));
      card.setAttribute('class', ['card', tone, state, ...kept].join(' '));
      card.querySelector('.bar')?.setAttribute('width', String(Math.round(part * (cardSize.width - 28))));
    }
  }

  /** Marks a path; an empty one marks none. */
  mark(path: readonly Key[]): void {
    const on = new Set(path);
    this.#scene.classList.toggle('marking', path.length > 0);
    for (const [key, each] of this.#elements) each.classList.toggle('critical', on.has(key));
    for (const row of this.#scene.querySelectorAll('.row.critical')) row.parentElement!.classList.add('critical');
    for (const line of this.#lines()) {
      const [from, to] = endsOf(line);
      line.classList.toggle('critical', on.has(from) && on.has(to));
    }
  }

  choose(key: Key | undefined, { tell = true, centre = false } = {}): void {
    this.#chosen = key;
    for (const each of this.#scene.querySelectorAll('.chosen')) each.classList.remove('chosen');
    const found = key === undefined ? undefined : this.#elements.get(key);
    found?.classList.add('chosen');
    this.#light(key);
    if (found && centre) this.#reveal(found);
    const said = document.getElementById('said');
    if (said && found) said.textContent = found.getAttribute('aria-label');
    if (tell) this.#options.onChoose(key);
  }

  /** Marks all that a word is found in, and shows the first, or the one after `after`. Gives how many there are. */
  search(keys: readonly Key[], at = 0): number {
    const found = new Set(keys);
    for (const [key, each] of this.#elements) each.classList.toggle('found', found.has(key));
    const here = keys.filter((key) => this.#elements.has(key));
    const target = here.length > 0 ? this.#elements.get(here[at % here.length]!) : undefined;
    if (target) this.#reveal(target);
    return here.length;
  }

  fit(): void {
    const { width, height } = this.#host.getBoundingClientRect();
    const { width: drawnWidth, height: drawnHeight } = this.#drawn?.layout ?? { width: 0, height: 0 };
    if (width === 0 || drawnWidth === 0) return;
    const scale = Math.min(1.15, width / (drawnWidth + 48), (height - 56) / (drawnHeight + 48));
    this.#view = {
      scale,
      x: (width - drawnWidth * scale) / 2,
      y: Math.max(20, (height - 56 - drawnHeight * scale) / 2),
    };
    this.#moved = false;
    this.#apply();
  }

  zoom(factor: number, at?: { readonly x: number; readonly y: number }): void {
    const { width, height } = this.#host.getBoundingClientRect();
    const { x, y } = at ?? { x: width / 2, y: height / 2 };
    const scale = Math.min(2.5, Math.max(0.02, this.#view.scale * factor));
    const by = scale / this.#view.scale;
    this.#view = { scale, x: x - (x - this.#view.x) * by, y: y - (y - this.#view.y) * by };
    this.#moved = true;
    this.#apply();
  }

  focus(): void {
    this.#svg.focus();
  }

  #apply(): void {
    const { x, y, scale } = this.#view;
    this.#scene.setAttribute('transform', `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${scale.toFixed(4)})`);
    this.#svg.setAttribute('data-zoom', scale >= near ? 'near' : scale >= far ? 'mid' : 'far');
  }

  #lines(): NodeListOf<Element> {
    return this.#scene.querySelectorAll('.line');
  }

  /** All that a step needs and all that needs it stays bright. */
  #light(key: Key | undefined): void {
    this.#scene.classList.toggle('lighting', key !== undefined);
    const lit = new Set<Key>();
    if (key !== undefined) {
      for (const next of [this.#shown.needs, this.#users]) {
        const seen = new Set([key]);
        for (const each of seen) for (const more of next.get(each) ?? []) seen.add(more);
        for (const each of seen) lit.add(each);
      }
    }
    for (const [each, shown] of this.#elements) shown.classList.toggle('lit', lit.has(each));
    for (const line of this.#lines()) {
      const [from, to] = endsOf(line);
      line.classList.toggle('lit', lit.has(from) && lit.has(to));
    }
    for (const row of this.#scene.querySelectorAll('.row.lit')) row.parentElement!.classList.add('lit');
  }

  /** Brings an element into view, near enough to be read. */
  #reveal(found: Element): void {
    if (this.#view.scale < near) this.zoom(0.85 / this.#view.scale);
    const [host, box] = [this.#host.getBoundingClientRect(), found.getBoundingClientRect()];
    const inside =
      box.left > host.left + 20 &&
      box.right < host.right - 20 &&
      box.top > host.top + 20 &&
      box.bottom < host.bottom - 50;
    if (inside) return;
    this.#view.x += host.left + host.width / 2 - (box.left + box.width / 2);
    this.#view.y += host.top + host.height / 2 - (box.top + box.height / 2);
    this.#moved = true;
    this.#apply();
  }

  #listen(): void {
    const [svg, host] = [this.#svg, this.#host];
    let drag: { x: number; y: number; far: boolean } | undefined;
    svg.addEventListener('pointerdown', (event) => {
      if (event.button === 0) drag = { x: event.clientX, y: event.clientY, far: false };
    });
    svg.addEventListener('pointermove', (event) => {
      if (!drag) return;
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.far && Math.hypot(dx, dy) < 4) return;
      if (!drag.far) svg.setPointerCapture(event.pointerId);
      drag = { x: event.clientX, y: event.clientY, far: true };
      host.classList.add('dragging');
      this.#view = { ...this.#view, x: this.#view.x + dx, y: this.#view.y + dy };
      this.#moved = true;
      this.#apply();
    });
    svg.addEventListener('pointerup', (event) => {
      const clicked = drag && !drag.far;
      drag = undefined;
      host.classList.remove('dragging');
      if (clicked) this.choose(keyAt(event.target));
    });
    svg.addEventListener('pointercancel', () => (drag = undefined));
    svg.addEventListener('dblclick', (event) => {
      if (keyAt(event.target) === undefined) this.fit();
    });
    svg.addEventListener('pointerover', (event) => {
      if (!drag && this.#chosen === undefined) this.#light(keyAt(event.target));
    });
    svg.addEventListener('pointerleave', () => {
      if (this.#chosen === undefined) this.#light(undefined);
    });
    host.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        const box = host.getBoundingClientRect();
        if (event.shiftKey || (event.deltaX !== 0 && !event.ctrlKey)) {
          this.#view = {
            ...this.#view,
            x: this.#view.x - event.deltaX - (event.shiftKey ? event.deltaY : 0),
            y: this.#view.y,
          };
          this.#moved = true;
          return this.#apply();
        }
        this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), {
          x: event.clientX - box.left,
          y: event.clientY - box.top,
        });
      },
      { passive: false },
    );
    svg.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.#walk(event.key)) event.preventDefault();
    });
  }

  #walk(key: string): boolean {
    switch (key) {
      case '+':
      case '=':
        this.zoom(1.25);
        return true;
      case '-':
        this.zoom(0.8);
        return true;
      case '0':
        this.fit();
        return true;
      case 'Escape':
        this.choose(undefined);
        return true;
      case 'ArrowLeft':
      case 'ArrowRight':
      case 'ArrowUp':
      case 'ArrowDown': {
        const { picture, needs } = this.#shown;
        const keys = picture.cards.flatMap(({ id, rows }) => (rows.length > 0 ? rows.map(({ step }) => step) : [id]));
        const next = nextTo(key, { chosen: this.#chosen, keys, needs, users: this.#users, elements: this.#elements });
        if (next !== undefined) this.choose(next, { centre: true });
        return true;
      }
      default:
        return false;
    }
  }
}

/** The tools below a graph: buttons that zoom. */
export function addTools(viewer: Viewer, host: HTMLElement = byId('tools')): void {
  const buttons: [string, string, () => void][] = [
    ['−', 'Zoom out', () => viewer.zoom(0.8)],
    ['+', 'Zoom in', () => viewer.zoom(1.25)],
    ['Fit', 'Show all of it', () => viewer.fit()],
  ];
  for (const [text, title, act] of buttons) {
    const button = document.createElement('button');
    button.textContent = text;
    button.title = title;
    button.addEventListener('click', act);
    host.append(button);
  }
}

function keyOf(each: Element): Key | undefined {
  return each.getAttribute('data-step') ?? each.getAttribute('data-card') ?? undefined;
}

/** The row or card under the pointer. A card with rows is only what they stand on. */
function keyAt(target: EventTarget | null): Key | undefined {
  const found = (target as Element | null)?.closest('.row, .card[role]');
  return found ? keyOf(found) : undefined;
}

function endsOf(line: Element): [from: Key, to: Key] {
  const end = (row: string, card: string) => line.getAttribute(row) || line.getAttribute(card)!;
  return [end('data-input', 'data-from'), end('data-step', 'data-to')];
}
