// The Dockerfile explorer as people see it, in a real browser.

import assert from 'node:assert/strict';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, showPage } from '../rig/browser.ts';
import { Rig } from '../rig/rig.ts';

const dockerfile = `FROM busybox AS base
ENV MODE=plain

FROM base AS build
COPY src /src
RUN echo one > /one
RUN echo two > /two

FROM base
COPY --from=build /one /two /
`;

let browser: Awaited<ReturnType<typeof openBrowser>>;
before(async () => void (browser = await openBrowser()));
after(() => browser.close());

const files = { Dockerfile: dockerfile, 'src/a': 'a\n' };
const rows = (page: Page, kind: string) => page.locator(`.row.${kind} .text`).allTextContents();
const badge = (page: Page, tab: string) => page.locator(`#tab-${tab} .count`);
/** Waits until a tab's number is this one. */
const counts = (page: Page, tab: string, number: number) =>
  badge(page, tab)
    .filter({ hasText: new RegExp(`^${number}$`) })
    .waitFor();

test('typing changes graph, findings and what would be rebuilt; nothing is asked of anybody else', async () => {
  await using rig = await Rig.open(files);
  const { page, complaints, stop } = await showPage(rig, browser, ['explore', ...rig.busybox]);
  await counts(page, 'stages', 3);
  assert.equal(await page.locator('.row').count(), 6);
  assert.equal(await badge(page, 'rebuild').textContent(), '0');
  assert.equal(await badge(page, 'findings').textContent(), '0');
  const editor = page.getByLabel('Dockerfile', { exact: true });
  assert.equal(await page.locator('.editor pre').textContent(), `${dockerfile}\n`);

  // A step in the middle is another one now: it and what follows would run, and what is above would not.
  await editor.fill(dockerfile.replace('echo one', 'echo uno'));
  await counts(page, 'rebuild', 3);
  assert.deepEqual(await rows(page, 'changed'), ['RUN echo uno > /one']);
  assert.deepEqual(await rows(page, 'follows'), ['RUN echo two > /two', 'COPY --from=build /one /two /']);
  const told = (await page.locator('#list').textContent())!;
  assert.match(told, /3 of 6 steps would be built again/);
  assert.match(told, /was RUN echo one > \/one/);
  assert.match(told, /follows line 6/);
  assert.equal(await page.locator('.gutter .changed').textContent(), '6');
  assert.deepEqual(await page.locator('.gutter .follows').allTextContents(), ['7', '10']);

  // A variable that only steps see is told of by its name.
  await editor.fill(dockerfile.replace('MODE=plain', 'MODE=fancy'));
  await page.locator('#list', { hasText: 'another environment: MODE' }).waitFor();

  // What the rules find has a mark at its line, and a way there.
  await editor.fill(dockerfile.replace('FROM base AS build', 'FROM base as build'));
  await counts(page, 'findings', 1);
  await page.locator('#tab-findings').click();
  assert.match((await page.locator('#list').textContent())!, /'as' and 'FROM' keywords' casing do not match/);
  assert.equal(await page.locator('.gutter .warning').textContent(), '4');

  // A text that can't be built leaves the last graph standing, pale.
  await editor.fill(`${dockerfile}RNU true\n`);
  await page.locator('.canvas.stale').waitFor();
  assert.match((await page.locator('#list').textContent())!, /unknown instruction: RNU.*line 11/s);
  assert.equal(await page.locator('.row').count(), 6);

  // Nor is a frontend run that the text names.
  await editor.fill(`# syntax=busybox\n${dockerfile}`);
  await page.locator('#list', { hasText: 'for another frontend' }).waitFor();

  // More steps make more rows, and another target another graph.
  await editor.fill(`${dockerfile}RUN true\n`);
  await page.locator('.row', { hasText: 'RUN true' }).waitFor();
  assert.equal(await page.locator('.canvas.stale').count(), 0);
  await page.locator('#target').selectOption('base');
  await page.locator('.row').nth(1).waitFor({ state: 'detached' });
  assert.deepEqual(await rows(page, 'source'), ['OCI load from client']);
  assert.deepEqual(complaints, []);
  assert.equal(readFileSync(rig.path('Dockerfile'), 'utf8'), dockerfile);
  assert.equal(await stop(), 0);
});

test('a step tells its digest, command, inputs and key; the graph is walked with keys, and searched', async () => {
  await using rig = await Rig.open(files);
  const { page, complaints } = await showPage(rig, browser, ['explore', '.', ...rig.busybox]);
  await page.locator('.row', { hasText: 'RUN echo two' }).click();
  const details = page.locator('#details');
  const told = (await details.textContent())!;
  assert.match(told, /RUN echo two > \/two/);
  assert.match(told, /exec \/bin\/sh -c "?echo two/);
  assert.match(told, /Digestsha256:[0-9a-f]{64}/);
  assert.match(told, /Cache keysha256:[0-9a-f]{64}\+ #\d+ by its own key/);
  assert.match(told, /envMODE=plain/);
  // What it needs and what needs it stays bright.
  assert.equal(await page.locator('.lighting .row:not(.lit)').count(), 0);
  await page.locator('.graph').press('ArrowLeft');
  await details.getByRole('heading', { name: 'RUN echo one' }).waitFor();
  await page.locator('.graph').press('ArrowRight');
  await details.getByRole('heading', { name: 'RUN echo two' }).waitFor();
  await page.locator('.graph').press('ArrowUp');
  await details.getByRole('heading', { name: 'RUN echo one' }).waitFor();
  await page.locator('.graph').press('Escape');
  assert.equal(await details.isVisible(), false);
  await page.locator('.graph').press('/');
  await page.keyboard.type('src');
  await page.locator('.row.found', { hasText: 'COPY src /src' }).waitFor();
  // A step leads to its line.
  await page.locator('.row', { hasText: 'COPY src' }).click();
  await details.getByRole('button', { name: 'Dockerfile:5' }).click();
  assert.equal(await page.locator('.gutter .here').textContent(), '5');
  assert.deepEqual(complaints, []);
});

test('what a build left in the cache is shown', async () => {
  await using rig = await Rig.open(files);
  await rig.ok(['build', '.', ...rig.busybox]);
  const { page } = await showPage(rig, browser, ['explore', '.', ...rig.busybox]);
  await page.locator('.row.hit', { hasText: 'COPY --from=build' }).waitFor();
  assert.deepEqual(await rows(page, 'run'), []);
  await page.getByLabel('Dockerfile', { exact: true }).fill(dockerfile.replace('echo two', 'echo due'));
  await page.locator('.row.changed.run', { hasText: 'RUN echo due' }).waitFor();
  await page.locator('.row.follows.open', { hasText: 'COPY --from=build' }).waitFor();
  await page.locator('.row.hit', { hasText: 'RUN echo one' }).waitFor();
});

test('a base image that nobody can look up is shown as unknown, and the rest as it is', async () => {
  await using rig = await Rig.open({
    Dockerfile: 'FROM localhost:1/no/such:1\nRUN true\n',
    'buildkit.config.json': JSON.stringify({ registries: { 'localhost:1': { http: true } } }),
  });
  const { page, complaints } = await showPage(rig, browser, ['explore']);
  await page.locator('.row.unknown', { hasText: 'FROM localhost:1/no/such:1' }).waitFor();
  await page.locator('#tab-bases').click();
  await page.locator('#list', { hasText: 'unknown: its environment and digest are missing' }).waitFor();
  assert.equal(await page.locator('.row').count(), 2);
  assert.equal(await badge(page, 'findings').textContent(), '0');
  assert.deepEqual(complaints, []);
});

test('saving is asked for, keeps modes and links, and overwrites nobody', async () => {
  await using rig = await Rig.open({ 'real/Dockerfile': 'FROM scratch\n', 'real/Dockerfile.dockerignore': 'x\n' });
  symlinkSync('real/Dockerfile', rig.path('Dockerfile'));
  const before = statSync(rig.path('real/Dockerfile'));
  const { page } = await showPage(rig, browser, ['explore']);
  const editor = page.getByLabel('Dockerfile', { exact: true });
  const save = page.locator('#save');
  assert.equal(await save.isDisabled(), true);
  await editor.fill('FROM scratch AS a\n');
  await editor.press('Control+s');
  await page.locator('#save:disabled').waitFor();
  assert.equal(readFileSync(rig.path('real/Dockerfile'), 'utf8'), 'FROM scratch AS a\n');
  assert.equal(statSync(rig.path('real/Dockerfile')).mode, before.mode);
  assert.equal(readFileSync(rig.path('Dockerfile'), 'utf8'), 'FROM scratch AS a\n');

  writeFileSync(rig.path('Dockerfile'), 'FROM scratch AS theirs\n');
  await editor.fill('FROM scratch AS ours\n');
  await save.click();
  await page.getByRole('button', { name: 'Save over it' }).waitFor();
  assert.equal(readFileSync(rig.path('Dockerfile'), 'utf8'), 'FROM scratch AS theirs\n');
  await page.getByRole('button', { name: 'Take theirs' }).click();
  assert.equal(await editor.inputValue(), 'FROM scratch AS theirs\n');
});

test('several pages look at texts of their own', async () => {
  await using rig = await Rig.open(files);
  const { page, url } = await showPage(rig, browser, ['explore', ...rig.busybox]);
  const other = await browser.newPage();
  await other.goto(url);
  await Promise.all([counts(page, 'stages', 3), counts(other, 'stages', 3)]);
  await Promise.all([
    page.getByLabel('Dockerfile', { exact: true }).fill(dockerfile.replace('echo one', 'echo uno')),
    other.getByLabel('Dockerfile', { exact: true }).fill(dockerfile.replace('echo two', 'echo due')),
  ]);
  await Promise.all([counts(page, 'rebuild', 3), counts(other, 'rebuild', 2)]);
  assert.deepEqual(await rows(page, 'changed'), ['RUN echo uno > /one']);
  assert.deepEqual(await rows(other, 'changed'), ['RUN echo due > /two']);
});

test('line ends stay as they are, and what is no text is refused', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch AS a\r\nLABEL a=b\r\n' });
  const { page } = await showPage(rig, browser, ['explore']);
  const editor = page.getByLabel('Dockerfile', { exact: true });
  await counts(page, 'stages', 1);
  assert.equal(await page.locator('#save').isDisabled(), true);
  await editor.fill('FROM scratch AS a\nLABEL a=c\n');
  await page.locator('#save').click();
  await page.locator('#save:disabled').waitFor();
  assert.equal(readFileSync(rig.path('Dockerfile'), 'utf8'), 'FROM scratch AS a\r\nLABEL a=c\r\n');
  writeFileSync(rig.path('latin1'), Buffer.from([0x46, 0xe9, 0x0a]));
  assert.match((await rig.cli(['explore', 'latin1'])).stderr, /latin1 is not UTF-8 text/);
});

test('an image of the workspace is explored with what it is built from', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({
      images: {
        base: { context: 'base' },
        app: { context: 'app', args: { NAME: 'it' } },
        own: { dockerfileInline: 'FROM scratch\n' },
      },
    }),
    'base/Dockerfile': 'FROM scratch\nCOPY a /a\n',
    'base/a': 'a',
    'app/Dockerfile': 'ARG NAME\nFROM base\nARG NAME\nCOPY b /$NAME\n',
    'app/b': 'b',
  });
  const { page } = await showPage(rig, browser, ['explore', 'app']);
  await page
    .locator('.row', { hasText: 'COPY b /it' })
    .or(page.locator('.row', { hasText: 'COPY b /$NAME' }))
    .waitFor();
  await page.locator('.row', { hasText: 'COPY a /a' }).waitFor();
  assert.deepEqual(await page.locator('.gutter .changed').count(), 0);
  const outcome = await rig.cli(['explore', 'base', 'app']);
  assert.equal(outcome.code, 2);
  assert.match(outcome.stderr, /one Dockerfile is explored at a time/);
  assert.match((await rig.cli(['explore', 'nothing.Dockerfile'])).stderr, /nothing\.Dockerfile/);
});
