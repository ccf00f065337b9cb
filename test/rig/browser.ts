import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { patience, type Rig } from './rig.ts';

/** Debian's Chromium, with a profile of its own that is gone afterwards; it asks nobody but the page's server. */
export async function openBrowser(): Promise<Browser & AsyncDisposable> {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error('there is no Chromium: run sh scripts/setup.sh test');
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const browser = await chromium.launch({ executablePath, args: [...args, ...quiet], timeout: patience });
  browser.on('context', (context) => context.setDefaultTimeout(patience));
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() });
}

/** A page of the command line, in a browser. */
export interface ShownPage {
  readonly page: Page;
  readonly url: string;
  /** What it complained of, and every address beyond its server that it asked for. */
  readonly complaints: readonly string[];
  /** Waits until the command has told this. */
  told(text: string): Promise<string>;
  /** Ctrl-C; gives the exit code. */
  stop(): Promise<number | null>;
}

/** Starts a command that shows a page, and opens that. */
export async function showPage(rig: Rig, browser: Browser, args: readonly string[]): Promise<ShownPage> {
  const { child, done, told } = rig.start(args, { env: { DISPLAY: '', WAYLAND_DISPLAY: '' } });
  const [url = ''] = /http:\/\/\S+/.exec(await told('http://')) ?? [];
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(request.url());
  });
  await page.goto(url);
  return {
    page,
    url,
    complaints,
    told,
    async stop() {
      child.kill('SIGINT');
      return (await done).code;
    },
  };
}
