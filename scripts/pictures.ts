// Makes the pictures of the documentation, docs/pictures: real commands on a small workspace, in Debian's Chromium.
//   node --conditions=source scripts/pictures.ts

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';

const root = join(import.meta.dirname, '..');
const cli = join(root, 'node_modules/.bin/cli');
const pictures = join(root, 'docs/pictures');

const dockerfile = `# syntax=docker/dockerfile:1

FROM node:24-slim AS base
WORKDIR /app
ENV NODE_ENV=production

# deps is what the lock file names
FROM base AS deps
COPY package.json install.sh ./
RUN --mount=type=cache,target=/cache ./install.sh

FROM base AS build
COPY --from=deps /app/node_modules ./node_modules
COPY src ./src
RUN node src/build.mjs dist

FROM build AS test
RUN node --test src

FROM base
COPY --from=deps /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 8080
CMD ["node", "dist/server.mjs"]
`;

const workspace: Readonly<Record<string, string>> = {
  'buildkit.config.json': JSON.stringify({
    registries: { 'docker.io': { mirrors: [join(root, '.bases')] } },
    images: { shop: { context: 'shop' } },
  }),
  'shop/Dockerfile': dockerfile,
  'shop/package.json': '{ "name": "shop" }\n',
  'shop/install.sh': '#!/bin/sh\nset -eu\nmkdir -p node_modules && cp package.json node_modules/\n',
  'shop/src/build.mjs': "import { cpSync } from 'node:fs';\ncpSync('src', process.argv[2], { recursive: true });\n",
  'shop/src/server.mjs': '',
};

/** Of the examples, in a folder that is nobody's. */
const exampleConfig = JSON.stringify({
  registries: { 'docker.io': { mirrors: [join(root, '.bases')] } },
  images: {
    parallel: { context: 'parallel' },
    base: { context: 'base' },
    api: { context: 'api' },
    web: { context: 'web' },
    tool: { context: 'tool' },
    worker: {
      context: 'worker',
      matrix: { queue: ['mail', 'reports', 'thumbnails'] },
      args: { QUEUE: '${queue}' },
    },
    release: { context: 'release' },
  },
});

const scratch = mkdtempSync(join(tmpdir(), 'monokit-pictures-'));
const env = { ...process.env, MONOKIT_CACHE_DIR: join(scratch, 'cache'), DISPLAY: '', WAYLAND_DISPLAY: '' };
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars'],
});
try {
  mkdirSync(pictures, { recursive: true });
  for (const [name, text] of Object.entries(workspace)) {
    mkdirSync(dirname(join(scratch, name)), { recursive: true });
    writeFileSync(join(scratch, name), text, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
  }
  build(scratch, 'shop');
  await shown(scratch, ['explore', 'shop'], async (page, shoot) => {
    const editor = page.getByLabel('Dockerfile', { exact: true });
    await page.locator('.row.hit').first().waitFor();
    await editor.fill(
      dockerfile.replace('build.mjs dist', 'build.mjs dist --minify').replace('base AS build', 'base as build'),
    );
    await page.locator('.row.changed.run').waitFor();
    await page.locator('.row', { hasText: 'build.mjs' }).click();
    await page.locator('#details li button', { hasText: 'Dockerfile:' }).click();
    await page.locator('.editor .scroll').evaluate((each) => each.scrollTo(0, 0));
    await page.locator('.graph').press('Escape');
    await shoot('explore');
    await page.locator('.row.changed').click();
    await page.locator('#tab-findings').click();
    await shoot('explore-step');
  });

  const examples = join(scratch, 'examples');
  cpSync(join(root, 'examples/monorepo'), examples, { recursive: true });
  cpSync(join(root, 'examples/parallel'), join(examples, 'parallel'), { recursive: true });
  writeFileSync(join(examples, 'buildkit.config.json'), exampleConfig);
  build(examples, 'all');
  const timeline = join(scratch, 'run.html');
  run(examples, ['runs', 'open', '--html', timeline]);
  await pictured(pathToFileURL(timeline).href, async (page, shoot) => {
    await page.locator('.bar:not(.bare)').first().waitFor();
    await page.locator('.bar.critical:not(.bare):not(.own)').last().hover();
    await shoot('timeline');
  });
  await shown(examples, ['graph', 'all', '--open'], async (page, shoot) => {
    await page.locator('.card').first().waitFor();
    await page.locator('.card:has(.title:text-is("web"))').click();
    await shoot('graph-images');
    await page.locator('.graph').press('Escape');
    await page.locator('#steps').click();
    await page.locator('.row', { hasText: 'COPY lib' }).hover();
    await shoot('graph-steps');
  });
  writeFileSync(
    join(pictures, 'graph.svg'),
    spawnSync(cli, ['graph', 'api', 'web', '--level', 'step', '--format', 'svg'], { cwd: examples, env }).stdout,
  );
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}

function build(cwd: string, what: string): void {
  run(cwd, ['build', what, '-q']);
}

function run(cwd: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(cli, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`cli ${args.join(' ')} failed: ${stderr}`);
}

/** Shows a page light and dark, and stops its command. */
async function shown(
  cwd: string,
  args: readonly string[],
  act: (page: Page, shoot: (name: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const child = spawn(cli, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = (await new Promise<Buffer[]>((resolve) =>
    child.stdout.once('data', (data: Buffer) => resolve([data])),
  )) as [Buffer];
  try {
    await pictured(chunk.toString().trim(), act);
  } finally {
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGINT');
    await ended;
  }
}

/** A page light and dark. */
async function pictured(
  url: string,
  act: (page: Page, shoot: (name: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    const page = await open(browser, scheme);
    await page.goto(url);
    await act(page, async (name) => {
      // What fades is over.
      await page.evaluate('document.fonts.ready');
      await page.screenshot({ path: join(pictures, `${name}-${scheme}.png`), animations: 'disabled' });
    });
    await page.close();
  }
}

function open(from: Browser, colorScheme: 'light' | 'dark'): Promise<Page> {
  return from.newPage({ viewport: { width: 1500, height: 860 }, colorScheme });
}
