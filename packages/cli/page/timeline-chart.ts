// Bars in lanes over an axis of time. Their places are shares of the track, so zooming only makes that wider.

import type { Timeline, TimelineStep } from '../src/runs/timeline.ts';
import { byId, duration, element } from './dom.ts';
import { outcomeOf } from './timeline-details.ts';

type Bar = NonNullable<TimelineStep['bar']>;

/** In pixels: few lanes have room for larger ones. */
const [lowLane, highLane, fewLanes] = [26, 36, 12];
/** Of the track, in pixels: browsers draw nothing beyond some 16 million. */
const widestTrack = 4_000_000;
/** Bars that are narrower say nothing, in pixels. */
const readable = 34;
/** Between two marks of the axis, at least, in pixels. */
const markRoom = 84;

export class Chart {
  readonly #run: Timeline;
  readonly #bars = new Map<number, HTMLButtonElement>();
  /** Positions of steps with bars, by their time. */
  readonly #order: readonly number[];
  readonly #scroll = byId('scroll');
  readonly #track = byId('track');
  readonly #length: number;
  readonly #laneHeight: number;
  #zoom = 1;
  #current: number | undefined;
  #waits = false;

  constructor(run: Timeline) {
    this.#run = run;
    this.#length = Math.max(1, run.duration);
    this.#laneHeight = run.lanes <= fewLanes ? highLane : lowLane;
    const lanes = byId('lanes');
    lanes.style.setProperty('--lane', `${this.#laneHeight}px`);
    lanes.style.height = `${run.lanes * this.#laneHeight + 5}px`;
    this.#order = run.steps
      .flatMap(({ bar }, i) => (bar ? [i] : []))
      .sort((a, b) => this.#barOf(a).start - this.#barOf(b).start);
    const drawn = document.createDocumentFragment();
    for (const at of this.#order) drawn.append(this.#draw(at));
    lanes.append(drawn);
    if (this.#order[0] !== undefined) this.#bars.get(this.#order[0])!.tabIndex = 0;
    this.#scroll.addEventListener('scroll', () => this.#later());
    new ResizeObserver(() => this.#later()).observe(this.#scroll);
    this.#scroll.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 300), event.clientX);
      },
      { passive: false },
    );
  }

  /** The position of the step whose bar an event met. */
  stepAt(target: EventTarget | null): number | undefined {
    const bar = target instanceof Element ? target.closest<HTMLElement>('.bar') : null;
    return bar ? Number(bar.dataset['step']) : undefined;
  }

  /** Wider or narrower, with what is under `x` (the middle, unless said) where it is. */
  zoom(factor: number, x?: number): void {
    const { left, width } = this.#scroll.getBoundingClientRect();
    const offset = (x ?? left + width / 2) - left;
    const share = (this.#scroll.scrollLeft + offset) / this.#track.offsetWidth;
    const most = Math.max(1, Math.min(widestTrack / width, this.#length / 2));
    this.#zoom = Math.min(most, Math.max(1, this.#zoom * factor));
    this.#track.style.width = `${this.#zoom * 100}%`;
    this.#scroll.scrollLeft = share * this.#track.offsetWidth - offset;
    this.#later();
  }

  fit(): void {
    this.zoom(0);
  }

  /** Brings a step into view, wide enough to be read. */
  show(at: number): void {
    const bar = this.#bars.get(at);
    if (!bar) return;
    const { start, end } = this.#barOf(at);
    const room = this.#scroll.clientWidth;
    const wide = ((end - start) / this.#length) * this.#track.offsetWidth;
    if (wide < 120) this.zoom(Math.min(120, room / 3) / Math.max(0.001, wide));
    this.#scroll.scrollLeft = bar.offsetLeft + bar.offsetWidth / 2 - room / 2;
    bar.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** Marks one bar as the one that keys start from, and puts the focus there. */
  focus(at: number): void {
    if (this.#current !== undefined) this.#bars.get(this.#current)?.classList.remove('chosen');
    for (const bar of this.#bars.values()) if (bar.tabIndex === 0) bar.tabIndex = -1;
    const bar = this.#bars.get(at);
    if (!bar) return;
    this.#current = at;
    bar.tabIndex = 0;
    bar.focus({ preventScroll: true });
    bar.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** Keeps a bar marked; none when left out. */
  choose(at?: number): void {
    for (const bar of document.querySelectorAll('.bar.chosen')) bar.classList.remove('chosen');
    if (at !== undefined) this.#bars.get(at)?.classList.add('chosen');
  }

  /** Only these stay bright; all do when left out. */
  light(steps?: ReadonlySet<number>): void {
    byId('lanes').classList.toggle('narrowed', steps !== undefined);
    for (const [at, bar] of this.#bars) bar.classList.toggle('lit', steps?.has(at) ?? false);
  }

  /** The step that an arrow leads to. */
  next(from: number, key: string): number | undefined {
    const { start, end, lane } = this.#barOf(from);
    const place = this.#order.indexOf(from);
    switch (key) {
      case 'ArrowLeft':
      case 'ArrowRight': {
        const ahead = key === 'ArrowRight' ? this.#order.slice(place + 1) : this.#order.slice(0, place).reverse();
        return ahead.find((at) => this.#barOf(at).lane === lane);
      }
      case 'ArrowUp':
      case 'ArrowDown': {
        const beside = this.#order.filter((at) =>
          key === 'ArrowUp' ? this.#barOf(at).lane < lane : this.#barOf(at).lane > lane,
        );
        const far = (at: number) => {
          const other = this.#barOf(at);
          return Math.max(0, other.start - end, start - other.end);
        };
        const lanes = (at: number) => Math.abs(this.#barOf(at).lane - lane);
        return beside.sort((a, b) => lanes(a) - lanes(b) || far(a) - far(b))[0];
      }
      case 'Home':
        return this.#order[0];
      case 'End':
        return this.#order.at(-1);
      default:
        return undefined;
    }
  }

  #barOf(at: number): Bar {
    return this.#run.steps[at]!.bar!;
  }

  #draw(at: number): HTMLButtonElement {
    const step = this.#run.steps[at]!;
    const { lane, start, end } = step.bar!;
    const classes = ['bar', step.status, ...(step.critical ? ['critical'] : []), ...(step.hue < 0 ? ['own'] : [])];
    const label = `${step.word}, ${step.text}, ${outcomeOf(step)}${step.critical ? ', on the critical path' : ''}`;
    const bar = element('button', {
      class: classes.join(' '),
      'aria-label': label,
      'data-step': String(at),
      tabindex: '-1',
    });
    bar.style.left = `${(start / this.#length) * 100}%`;
    bar.style.width = `${((end - start) / this.#length) * 100}%`;
    bar.style.top = `${lane * this.#laneHeight + 5}px`;
    bar.style.setProperty('--hue', String(Math.max(0, step.hue)));
    this.#bars.set(at, bar);
    return bar;
  }

  #later(): void {
    if (this.#waits) return;
    this.#waits = true;
    requestAnimationFrame(() => {
      this.#waits = false;
      this.#label();
      this.#mark();
    });
  }

  /** Texts of the bars in view that have room for one. */
  #label(): void {
    const width = this.#track.offsetWidth;
    const { scrollLeft, clientWidth } = this.#scroll;
    for (const [at, bar] of this.#bars) {
      const { start, end } = this.#barOf(at);
      const [left, right] = [start, end].map((time) => (time / this.#length) * width) as [number, number];
      const shown = right - left >= readable && right > scrollLeft - clientWidth && left < scrollLeft + 2 * clientWidth;
      const { word, text, status } = this.#run.steps[at]!;
      const label = shown ? `${status === 'failed' ? '✖ ' : ''}${word}  ${text}` : '';
      if (bar.textContent !== label) bar.textContent = label;
      bar.classList.toggle('bare', !shown);
      // What began left of the view is named in it.
      bar.style.textIndent = shown && left < scrollLeft && right > scrollLeft ? `${scrollLeft - left}px` : '';
    }
  }

  /** Round times over what is in view. */
  #mark(): void {
    const width = this.#track.offsetWidth;
    const { scrollLeft, clientWidth } = this.#scroll;
    const least = (markRoom / width) * this.#length;
    const step = steps.find((each) => each >= least) ?? least;
    const first = Math.max(0, Math.floor((((scrollLeft - markRoom) / width) * this.#length) / step));
    const marks: HTMLElement[] = [];
    for (
      let i = first;
      (i * step * width) / this.#length <= scrollLeft + clientWidth && i * step <= this.#length;
      i++
    ) {
      const mark = element('span', {}, i === 0 ? '0' : timeText(i * step, step));
      mark.style.left = `${((i * step) / this.#length) * 100}%`;
      marks.push(mark);
    }
    byId('axis').replaceChildren(...marks);
  }
}

/** Times between two marks, in milliseconds. */
const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000].concat(
  [1, 2, 5, 10, 15, 30, 60, 120, 300].map((minutes) => minutes * 60_000),
);

function timeText(ms: number, step: number): string {
  if (step >= 1000 || ms < 1000) return duration(ms).replace('.0s', 's');
  return `${(ms / 1000).toFixed(step >= 100 ? 1 : step >= 10 ? 2 : 3)}s`;
}
