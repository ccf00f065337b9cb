import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imagePicture, stepPicture, type Picture } from './cards.ts';
import { criticalPath } from './critical.ts';
import type { DetailedGraph, DetailedStep } from './details.ts';
import { draw } from './svg.ts';

/** `name: inputs` for each step, with the images that share it. */
function graph(steps: readonly [digest: string, name: string, inputs: string, images: string][]): DetailedGraph {
  const made = steps.map(([digest, name, inputs, images]): DetailedStep => ({
    digest,
    name,
    inputs: inputs.split(' ').filter(Boolean),
    images: images.split(' '),
    kind: name.includes('FROM') ? 'source' : 'exec',
    facts: [],
    key: { inputs: [] },
    own: digest,
  }));
  const ids = [...new Set(made.flatMap(({ images }) => images))];
  const images = ids.map((id) => {
    const own = made.filter((step) => step.images.includes(id));
    return { id, needs: [], steps: own.map(({ digest }) => digest), roots: [own.at(-1)!.digest] };
  });
  return { images, steps: made };
}

const shown = ({ cards, links }: Picture) => ({
  cards: cards.map(({ title, note, rows }) => [title, note, ...rows.map(({ text }) => text)].join(' | ')),
  links: links.map(({ from, fromRow, to, toRow }) => `${from}.${fromRow ?? ''} → ${to}.${toRow ?? ''}`),
});

test('a card is a stage, as far as the same images share it', () => {
  const picture = stepPicture(
    graph([
      ['f', '[base 1/2] FROM busybox', '', 'a b'],
      ['r', '[base 2/2] RUN one', 'f', 'a b'],
      ['c', '[internal] load build context', '', 'a'],
      ['x', '[stage-1 1/2] COPY . .', 'r c', 'a'],
      ['y', '[stage-1 2/2] RUN two', 'x', 'a'],
      ['z', '[stage-1 1/1] RUN three', 'r', 'b'],
    ]),
  );
  assert.deepEqual(shown(picture), {
    cards: [
      'base | 2 images | FROM busybox | RUN one',
      'source | a | load build context',
      'a |  | COPY . . | RUN two',
      'b |  | RUN three',
    ],
    links: ['c1.1 → c3.0', 'c2.0 → c3.0', 'c1.1 → c4.0'],
  });
});

test('a stage that images share says whose Dockerfile it is of, also where one image is shown alone', () => {
  const told = graph([
    ['d', '[deps 1/1] RUN deps', '', 'api all'],
    ['a', '[stage-1 1/1] RUN api', 'd', 'api all'],
    ['z', '[1/1] COPY --from=api / /', 'a', 'all'],
  ]);
  const folders: Readonly<Record<string, string>> = { d: '/api', a: '/api', z: '/all' };
  const steps = told.steps.map((step) => ({
    ...step,
    source: { file: 'Dockerfile', folder: folders[step.digest]!, lines: [1, 1] as const },
  }));
  const whole: DetailedGraph = {
    images: told.images.map((image) => (image.id === 'api' ? { ...image, roots: ['a'] } : image)),
    steps,
  };
  assert.deepEqual(shown(stepPicture(whole)).cards, [
    'deps | api · 2 images | RUN deps',
    'api | 2 images | RUN api',
    'all |  | COPY --from=api / /',
  ]);
  const alone = { images: whole.images.filter(({ id }) => id === 'all'), steps };
  assert.deepEqual(shown(stepPicture(alone, whole)).cards, [
    'deps | api · 2 images | RUN deps',
    'api | 2 images | RUN api',
    'all | target | COPY --from=api / /',
  ]);
});

test('a card does not grow around another that needs a part of it', () => {
  const picture = stepPicture(
    graph([
      ['f', '[1/3] FROM busybox', '', 'a'],
      ['o', '[other 1/1] RUN other', 'f', 'a'],
      ['r', '[2/3] RUN --mount=from=other x', 'f o', 'a'],
    ]),
  );
  assert.deepEqual(
    picture.cards.map(({ rows }) => rows.length),
    [1, 1, 1],
  );
  draw(picture); // no circle
});

test('images as cards tell who shares what', () => {
  const picture = imagePicture(
    graph([
      ['f', '[1/2] FROM busybox', '', 'base api web'],
      ['r', '[2/2] RUN one', 'f', 'base api web'],
      ['d', '[deps 1/1] RUN deps', 'r', 'api web'],
      ['a', '[1/1] RUN api', 'd', 'api'],
      ['w', '[1/1] RUN web', 'd', 'web'],
    ]),
  );
  // Roots are the last steps: base ends where the shared part does.
  assert.deepEqual(shown({ ...picture, cards: picture.cards.map((card) => ({ ...card, rows: [] })) }), {
    cards: ['base | 1 step · 3 images', 'shared by 2 images | 1 step', 'api | 1 step', 'web | 1 step'],
    links: ['g1. → g2.', 'g2. → g3.', 'g2. → g4.'],
  });
});

test('the critical path is the heaviest, not the longest', () => {
  const { steps } = graph([
    ['a', 'a', '', 'i'],
    ['b', 'b', 'a', 'i'],
    ['c', 'c', 'b', 'i'],
    ['d', 'd', 'a', 'i'],
    ['e', 'e', 'c d', 'i'],
  ]);
  const weights: Record<string, number> = { d: 10 };
  const path = criticalPath(steps, ({ digest }) => weights[digest] ?? 1);
  assert.deepEqual(
    path.map(({ digest }) => digest),
    ['a', 'd', 'e'],
  );
  assert.deepEqual(
    criticalPath([], () => 1),
    [],
  );
});

test('what is in a picture is text, whatever it says', () => {
  const { markup } = draw(stepPicture(graph([['f', '[1/1] RUN echo "<script>&\u0000', '', 'a<b']])));
  assert.ok(markup.includes('RUN echo &quot;&lt;script&gt;&amp;·'));
  assert.ok(!markup.includes('<script>') && !markup.includes('a<b'));
});
