// The page of the graph as people see it, in a real browser.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { busyboxLayout } from '../rig/bases.ts';
import { openBrowser, showPage } from '../rig/browser.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';

let browser: Awaited<ReturnType<typeof openBrowser>>;
before(async () => void (browser = await openBrowser()));
after(() => browser.close());

const titles = (page: Page) => page.locator('.card .title').allTextContents();

test('images, what they share, their steps, and what the cache has of them', async () => {
  await using rig = await Rig.open(small);
  await rig.ok(['build', 'api']);
  const { page, complaints, stop } = await showPage(rig, browser, ['graph', 'all', '--open']);
  await page.locator('.card').first().waitFor();
  assert.deepEqual((await titles(page)).sort(), ['api', 'base', 'shared by 2 images', 'web']);
  // Everything that api needs is there, and so is what base is made of; web is not.
  await page.locator('.card.hit .title', { hasText: 'base' }).waitFor();
  await page.locator('.card.hit .title', { hasText: 'api' }).waitFor();
  assert.equal(await page.locator('.card.hit .title', { hasText: 'web' }).count(), 0);

  await page.locator('.card:has(.title:text-is("web"))').click();
  const details = page.locator('#details');
  assert.match((await details.textContent())!, /web.*Built from.*base/s);
  await details.getByRole('button', { name: 'All steps of web' }).click();
  await page.locator('.row', { hasText: 'COPY web /web' }).click();
  assert.match(
    (await details.textContent())!,
    /Not in the cache.*Written at.*Dockerfile:3.*Digestsha256:[0-9a-f]{64}.*Cache key/s,
  );
  assert.equal(await page.locator('.row', { hasText: 'api' }).count(), 0);

  await page.locator('#only').click();
  await page.locator('.row', { hasText: 'COPY api /api' }).waitFor();
  await page.locator('#critical').click();
  await page.locator('.row.critical', { hasText: 'COPY web /web' }).waitFor();
  assert.deepEqual(complaints, []);
  assert.equal(await stop(), 0);
});

test('a hundred images and two thousand steps are drawn in a moment, and can be read near and far', async () => {
  await using rig = await Rig.open(large());
  const { page, complaints } = await showPage(rig, browser, ['graph', 'all', '--open']);
  await page.locator('.card').nth(99).waitFor();
  assert.match((await page.locator('#totals').textContent())!, /^100 images · 2\d{3} steps/);
  // All images at once, each with its whole name, and large enough to be read.
  await assertReadable(page, { least: 100, pixels: 6.5 });

  await page.locator('#steps').click();
  await page.locator('.row').nth(1999).waitFor({ state: 'attached' });
  const drawnIn = Number(await page.locator('body').getAttribute('data-drawn-in'));
  // Half a second on two busy cores.
  assert.ok(drawnIn < 10_000, `${drawnIn} ms`);
  await assertReadable(page, { least: 150, pixels: 5.5 });

  // A step is found among them, and what it needs stays bright.
  await page.locator('#search').fill('step 42 of img-77');
  await page.locator('#search').press('Enter');
  const row = page.locator('.row.found').first();
  await row.waitFor();
  assert.equal(await page.locator('svg.graph').getAttribute('data-zoom'), 'near');
  await assertReadable(page, { least: 3, pixels: 8 });
  await row.click();
  assert.ok((await page.locator('.row.lit').count()) > 10);
  assert.ok((await page.locator('.row:not(.lit)').count()) > 1500);
  assert.deepEqual(complaints, []);
});

test('a build is followed by its events', async () => {
  await using rig = await Rig.open(small);
  const { stdout } = await rig.ok(['build', 'all', '--json']);
  const lines = stdout.trim().split('\n');
  const at = lines.findIndex((line) => line.includes('"run.end"'));
  writeFileSync(rig.path('events'), `noise\n${lines.join('\n')}\n`);
  assert.ok(at > 0);
  const { page, complaints } = await showPage(rig, browser, ['graph', 'all', '--open', '--events', 'events']);
  await page.locator('#status', { hasText: /^built in / }).waitFor();
  await page.locator('#steps').click();
  await page.locator('.row.done', { hasText: 'COPY web /web' }).waitFor();
  await page.locator('.row', { hasText: 'COPY web /web' }).click();
  assert.match((await page.locator('#details').textContent())!, /Ran for \d+/);
  assert.deepEqual(complaints, []);
});

test('a page goes with a build: steps start, write, fail', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo so far && false\nRUN echo never\n' });
  const { page, complaints, stop } = await showPage(rig, browser, ['build', '.', '--open-graph', ...rig.busybox]);
  await page.locator('#status.bad', { hasText: /^failed after / }).waitFor();
  await page.locator('.row.failed', { hasText: 'RUN echo so far' }).click();
  assert.match((await page.locator('#details').textContent())!, /Failed after.*Output.*so far/s);
  assert.deepEqual(complaints, []);
  assert.equal(await stop(), 1);
});

test('a page goes with a watch, build after build', async () => {
  const of = (name: string) => ({
    Dockerfile: `FROM busybox\nCOPY a /${name}\nRUN test "$(cat /${name})" != bad\n`,
    a: 'good',
  });
  const contexts = { busybox: `oci-layout://${busyboxLayout()}` };
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({ discover: true, defaults: { contexts } }),
    api: of('api'),
    web: of('web'),
  });
  const { page, complaints, told } = await showPage(rig, browser, ['watch', 'all', '--open-graph']);
  await told('watching');
  const card = (image: string, state: string) => page.locator(`.card.${state} .title`, { hasText: image }).waitFor();
  await Promise.all(['api', 'web'].map((image) => card(image, 'hit')));
  writeFileSync(rig.path('web/a'), 'bad');
  await page.locator('#status.bad', { hasText: /^failed after / }).waitFor();
  await Promise.all([card('web', 'failed'), card('api', 'hit')]);
  writeFileSync(rig.path('web/a'), 'better');
  await page.locator('#status:not(.bad)', { hasText: /^built in / }).waitFor();
  await Promise.all(['api', 'web'].map((image) => card(image, 'hit')));
  assert.deepEqual(complaints, []);
});

test('what does not go together is refused', async () => {
  await using rig = await Rig.open(small);
  const refused = async (...args: string[]) => {
    const { code, stderr } = await rig.cli(args);
    assert.equal(code, 2, stderr);
    return stderr;
  };
  assert.match(await refused('graph', 'all', '--events', 'x'), /--events goes with --open/);
  assert.match(await refused('graph', 'all', '--open', '--format', 'dot'), /--open shows a page/);
  assert.match(await refused('build', '--call', 'check', '--open-graph', './web'), /--open-graph shows a build/);
});

test('as a file it is one picture that needs nothing beside it', async () => {
  await using rig = await Rig.open(small);
  const { stdout } = await rig.ok(['graph', 'all', '--level', 'step', '--format', 'svg']);
  assert.match(stdout, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+"/);
  assert.doesNotMatch(stdout, /url\(|href|@import|<script/);
  const page = await browser.newPage();
  await page.setContent(`<body>${stdout}`);
  assert.equal(await page.locator('.row', { hasText: 'COPY web /web' }).isVisible(), true);
  await assertReadable(page, { least: 8, pixels: 9 });
  await page.close();
});

const small: Tree = {
  'buildkit.config.json': JSON.stringify({
    images: { base: { context: 'base' }, api: { context: 'api' }, web: { context: 'web' } },
  }),
  'base/Dockerfile': 'FROM scratch\nCOPY base /base\n',
  'base/base': 'base',
  'api/Dockerfile': 'FROM base\nWORKDIR /app\nCOPY api /api\n',
  'api/api': 'api',
  'web/Dockerfile': 'FROM base\nWORKDIR /app\nCOPY web /web\n',
  'web/web': 'web',
};

/** A base, four families, and images of a family with stages that need each other. */
function large(): Tree {
  const tree: Record<string, string> = {};
  const images: Record<string, object> = {};
  const add = (id: string, lines: readonly string[]) => {
    tree[`${id}/Dockerfile`] = `${lines.join('\n')}\n`;
    images[id] = { context: id };
  };
  const runs = (from: number, to: number, id: string) =>
    Array.from({ length: to - from }, (_, i) => `RUN step ${from + i} of ${id}`);
  add('base', ['FROM scratch', ...runs(0, 5, 'base')]);
  for (let family = 0; family < 4; family++) add(`family-${family}`, ['FROM base', ...runs(0, 6, `family-${family}`)]);
  for (let i = 0; i < 95; i++) {
    const id = `img-${String(i).padStart(2, '0')}`;
    const family = `FROM family-${i % 4}`;
    add(id, [
      ...[`${family} AS deps`, ...runs(0, 8, id)],
      ...[`${family} AS build`, 'COPY --from=deps /deps /deps', ...runs(36, 43, id)],
      ...['FROM base', 'COPY --from=build /out /out', 'COPY --from=deps /deps /deps', ...runs(50, 53, id)],
    ]);
  }
  tree['buildkit.config.json'] = JSON.stringify({ images });
  return tree;
}

interface SeenText {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Of its letters, in pixels of the screen. */
  readonly size: number;
  readonly inside: boolean;
}

/** Texts that are seen don't lie on each other, stay in their cards, and are not smaller than so many pixels. */
async function assertReadable(
  page: Page,
  { least, pixels }: { readonly least: number; readonly pixels: number },
): Promise<void> {
  // As text, for only the page knows what a document is.
  const seen = await page.evaluate<readonly SeenText[]>(`
    [...document.querySelectorAll('svg .card text')].flatMap((text) => {
      const { left, right, top, bottom } = text.getBoundingClientRect();
      if (right <= left || right < 0 || bottom < 0 || left > innerWidth || top > innerHeight) return [];
      const paper = text.closest('.card').querySelector('.paper').getBoundingClientRect();
      const sizes = [text, ...text.querySelectorAll('tspan')]
        .filter((each) => each.localName === 'tspan' || each.childElementCount === 0)
        .map((each) => Number.parseFloat(getComputedStyle(each).fontSize));
      const size = Math.min(...sizes) * text.getScreenCTM().a;
      const inside = left >= paper.left && right <= paper.right + 1;
      return [{ text: text.textContent, left, right, top, bottom, size, inside }];
    })`);
  assert.ok(seen.length >= least, `${seen.length} texts are seen`);
  for (const { text, inside, size } of seen) {
    assert.ok(inside, `${text} leaves its card`);
    assert.ok(size >= pixels, `${text} has ${size} pixels`);
  }
  const sorted = seen.toSorted((a, b) => a.left - b.left);
  for (const [i, a] of sorted.entries()) {
    for (let k = i + 1; k < sorted.length && sorted[k]!.left < a.right; k++) {
      const b = sorted[k]!;
      // The boxes of letters have some air above and below.
      const over = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      assert.ok(over < 0.35 * Math.min(a.bottom - a.top, b.bottom - b.top), `${a.text} lies on ${b.text}`);
    }
  }
}
