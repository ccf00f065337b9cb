// The timeline of a run as people see it, in a real browser and from a file that nothing lies beside.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import type { RecordedStep, RunRecord } from '../../packages/cli/src/runs/record.ts';
import { openBrowser } from '../rig/browser.ts';
import { Rig } from '../rig/rig.ts';

let browser: Awaited<ReturnType<typeof openBrowser>>;
before(async () => void (browser = await openBrowser()));
after(() => browser.close());

async function show(path: string, colorScheme: 'light' | 'dark' = 'light') {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, colorScheme });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(path).href) complaints.push(request.url());
  });
  await page.goto(pathToFileURL(path).href);
  await page.locator('body[data-drawn-in]').waitFor();
  return { page, complaints };
}

const details = async (page: Page) => (await page.locator('#details').textContent())!;

/** A step that waits for another one to run beside it. */
const meet = (own: string, other: string) =>
  `RUN --mount=type=cache,id=met,target=/met touch /met/${own}; until [ -e /met/${other} ]; do sleep 0.05; done`;

test('a run as a file: steps in lanes, the critical path, what failed, and what it wrote', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({ images: { web: { context: 'web' }, api: { context: 'api' } } }),
    'web/Dockerfile': `FROM busybox AS build\n${meet('web', 'api')}; sleep 0.4; echo "</script><b>bold</b>" made\nRUN echo second\n`,
    'api/Dockerfile': `FROM busybox AS build\n${meet('api', 'web')}; echo so far; false\n`,
  });
  const { code, stderr } = await rig.cli(['build', 'all', '--continue', '--concurrency', '2', ...rig.busybox]);
  assert.equal(code, 1, stderr);
  await rig.ok(['runs', 'open', '--html', 'run.html']);
  const { page, complaints } = await show(rig.path('run.html'));
  assert.equal(await page.locator('#outcome.failed').textContent(), '✖ api failed');
  assert.deepEqual((await page.locator('.legend button').allTextContents()).sort(), ['apifailed', 'webbuilt']);

  // Both run at the same time, so they lie in two lanes.
  const slow = page.locator('.bar[aria-label^="web#build:1, RUN "]');
  const broken = page.locator('.bar.failed');
  const [a, b] = [await slow.boundingBox(), await broken.boundingBox()];
  assert.ok(a && b && a.y !== b.y && a.x < b.x + b.width && b.x < a.x + a.width);
  assert.match((await slow.getAttribute('class'))!, /critical/);

  await slow.hover();
  assert.match(await details(page), /web#build:1 · ran for .* on the critical path/);
  assert.equal(
    await page.locator('#details pre').textContent(),
    '</script><b>bold</b> made',
    'nothing of it is markup',
  );
  await page.keyboard.press('f');
  assert.match(await details(page), /RUN .*touch \/met\/api.*failed after.*so far/s);
  await page.keyboard.press('c');
  assert.equal(await page.locator('.bar.failed.lit').count(), 0);
  await page.keyboard.press('Escape');

  assert.deepEqual(complaints, []);
  const html = readFileSync(rig.path('run.html'), 'utf8');
  assert.doesNotMatch(html, /\s(src|href)=/);
  assert.match(html, /default-src 'none'; script-src 'sha256-/);
});

test('two thousand steps are drawn in a moment, found, read near, and walked through by keys', async () => {
  await using rig = await Rig.open({});
  writeFileSync(rig.path('large.json'), JSON.stringify(large()));
  await rig.ok(['runs', 'open', './large.json', '--html', 'large.html']);
  for (const scheme of ['light', 'dark'] as const) {
    const { page, complaints } = await show(rig.path('large.html'), scheme);
    assert.equal(await page.locator('.bar').count(), 2000);
    const drawnIn = Number(await page.locator('body').getAttribute('data-drawn-in'));
    // A fifth of a second on two busy cores.
    assert.ok(drawnIn < 5000, `${drawnIn} ms`);
    // All of it fits: no lane hides another, none is wider than the window.
    const { width, height } = (await page.locator('#track').boundingBox())!;
    assert.ok(width <= 1400 && height <= 700, `${width} × ${height}`);

    await page.keyboard.press('/');
    await page.keyboard.type('image-42#build:7');
    await page.keyboard.press('Enter');
    const found = page.locator('.bar.chosen');
    await found.filter({ hasText: 'image-42#build:7' }).waitFor();
    const box = (await found.boundingBox())!;
    assert.ok(box.width >= 100 && box.x >= 0 && box.x + box.width <= 1400, JSON.stringify(box));
    assert.ok((await contrast(page)) >= 4.5, 'letters stand out');
    assert.equal(await page.locator('.bar.lit').count(), 1);

    await page.keyboard.press('Escape');
    await page.keyboard.press('0');
    await page.locator('.bar[tabindex="0"]').focus();
    const focused = () => page.evaluate('document.activeElement.getAttribute("aria-label")') as Promise<string>;
    assert.match(await focused(), /^image-42#build:7, /, 'keys start where the search ended');
    await page.keyboard.press('Home');
    const first = await focused();
    await page.keyboard.press('ArrowRight');
    const second = await focused();
    assert.notEqual(second, first);
    assert.match(await details(page), new RegExp(second.split(',')[0]!));
    await page.keyboard.press('ArrowDown');
    assert.notEqual(await focused(), second);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Home');
    assert.equal(await focused(), first);
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('.bar.chosen').getAttribute('aria-label'), first);
    await page.keyboard.press('+');
    assert.ok((await page.locator('#track').boundingBox())!.width > 1500);
    await page.keyboard.press('0');
    assert.ok((await page.locator('#track').boundingBox())!.width <= 1400);

    await page.locator('.legend button', { hasText: 'image-7' }).first().click();
    assert.equal(await page.locator('.bar.lit').count(), 20);
    assert.deepEqual(complaints, []);
    await page.close();
  }
});

/** The least contrast of a bar's letters to its ground, by WCAG's formula. */
async function contrast(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const luminance = (colour) => {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((each) => {
        const share = each / 255;
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return Math.min(...[...document.querySelectorAll('.bar.run')].slice(0, 200).map((bar) => {
      const { color, backgroundColor } = getComputedStyle(bar);
      const [a, b] = [luminance(color), luminance(backgroundColor)].sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05);
    }));
  })()`);
}

/** A hundred images of twenty steps, eight at a time. */
function large(): RunRecord {
  const began = Date.UTC(2026, 0, 2);
  const digest = (i: number) => `sha256:${String(i).padStart(64, '0')}` as const;
  const free = Array.from({ length: 8 }, () => 0);
  const ends: number[] = [];
  const steps = Array.from({ length: 2000 }, (_, i): RecordedStep => {
    const [image, place] = [`image-${i % 100}`, Math.floor(i / 100)];
    const lane = free.indexOf(Math.min(...free));
    const start = Math.max(free[lane]!, ends[i - 100] ?? 0);
    free[lane] = ends[i] = start + 5 + ((i * 7919) % 97) ** 2 / 4;
    return {
      vertex: digest(i),
      name: `[build ${place + 1}/20] RUN step ${place} of ${image}`,
      image,
      wantedBy: [image],
      uses: 1,
      inputs: i < 100 ? [] : [digest(i - 100)],
      status: 'run',
      startedAt: began + start,
      endedAt: began + free[lane],
    };
  });
  return {
    version: 1,
    id: '01kdyak348f0j1y3',
    command: ['build', 'all'],
    root: '/w',
    selection: [],
    startedAt: began,
    endedAt: began + Math.max(...free),
    code: 0,
    monokit: '0.1.0',
    machine: { cpus: 8, memory: 2 ** 34, platform: 'linux/x64' },
    images: Array.from({ length: 100 }, (_, i) => ({ id: `image-${i}`, status: 'built', startedAt: began })),
    steps,
    failures: [],
    warnings: [],
  };
}
