/** What a glob is made of. `run` is `*`, `folders` is any number of folders, `rest` is everything. */
export type GlobStep =
  | { readonly kind: 'one'; readonly source: string }
  | { readonly kind: 'run' }
  | { readonly kind: 'folders' }
  | { readonly kind: 'rest' };

/** Matches whole paths. */
export interface GlobTest {
  test(path: string): boolean;
}

/** An expression tries all ways to share out what several stars may take; beyond so many that could take for ever. */
const fewStars = 2;

/** Matching takes time in proportion to pattern times path at most, whatever they are. */
export function globTest(steps: readonly GlobStep[]): GlobTest {
  const stars = steps.filter(({ kind }) => kind !== 'one').length;
  return stars <= fewStars ? expression(steps) : new Automaton(steps);
}

function expression(steps: readonly GlobStep[]): RegExp {
  const sources = { run: '[^/]*', folders: '(?:.*/)?', rest: '.*' };
  return new RegExp(
    `^${steps.map((step) => (step.kind === 'one' ? step.source : sources[step.kind])).join('')}$`,
    'su',
  );
}

/** In `folders`, before anything of them was read; and amid them. Other steps have only the first. */
const [before, amid] = [1, 2];

/** Is in all the places of the pattern at once that the path so far leads to. */
class Automaton implements GlobTest {
  readonly #steps: readonly (GlobStep & { readonly accepts?: (character: string) => boolean })[];

  constructor(steps: readonly GlobStep[]) {
    const known = new Map<string, (character: string) => boolean>();
    this.#steps = steps.map((step) => {
      if (step.kind !== 'one') return step;
      const pattern = new RegExp(`^${step.source}$`, 'su');
      const accepts = known.get(step.source) ?? ((character: string) => pattern.test(character));
      known.set(step.source, accepts);
      return { ...step, accepts };
    });
  }

  test(path: string): boolean {
    const steps = this.#steps;
    let places = new Uint8Array(steps.length + 1);
    let next = new Uint8Array(steps.length + 1);
    places[0] = before;
    this.#skipStars(places);
    for (const character of path) {
      next.fill(0);
      let any = false;
      for (let i = 0; i < steps.length; i++) {
        if (places[i] === 0) continue;
        const step = steps[i]!;
        any = true;
        if (step.kind === 'one') {
          if (step.accepts!(character)) next[i + 1]! |= before;
        } else if (step.kind === 'rest' || (step.kind === 'run' && character !== '/')) next[i]! |= before;
        else if (step.kind === 'folders') {
          next[i]! |= amid;
          if (character === '/') next[i + 1]! |= before;
        }
      }
      if (!any) return false;
      this.#skipStars(next);
      [places, next] = [next, places];
    }
    return places[steps.length] !== 0;
  }

  /** A star may also take nothing. */
  #skipStars(places: Uint8Array): void {
    for (let i = 0; i < this.#steps.length; i++) {
      if (this.#steps[i]!.kind !== 'one' && places[i]! & before) places[i + 1]! |= before;
    }
  }
}
